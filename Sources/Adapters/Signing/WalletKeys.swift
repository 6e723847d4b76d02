import Money
import Payments
import Providers

/// The private keys of one rail's wallets, and the strict reading of what they are asked to sign.
protocol WalletKeys: Sendable {
    /// The key from which everybody can derive the public keys of options' wallets; nil where that needs the seed.
    var parentOfOptions: ParentKey? { get }

    /// The public key of a wallet, in the rail's own form.
    func publicKey(of wallet: OwnWallet) throws(ProviderError) -> [UInt8]

    /// The account of a wallet, in the rail's canonical form.
    func account(of wallet: OwnWallet) throws(ProviderError) -> String

    /// The account that a destination names, in the rail's canonical form.
    func account(named destination: String) throws(ProviderError) -> String

    /// What the receiver is told beside the money of an order with a comment, in the form of ``ReadMovement/message``.
    func message(saying comment: String?) throws(ProviderError) -> [UInt8]

    /// Reads what the content of an intent does.
    ///
    /// - Throws: `ProviderError` with the code `refused` for everything that is not exactly a form of our transfers.
    func read(_ intent: SigningIntent) throws(ProviderError) -> ReadContent

    /// Signs content that was read and allowed.
    func sign(_ content: [UInt8], by wallet: OwnWallet) throws(ProviderError) -> [UInt8]
}

/// What the chain will do when it takes signed content.
struct ReadContent: Hashable {
    /// The number that it uses up.
    let number: Int64
    /// What moves, in the order in which the chain carries it out.
    let movements: [ReadMovement]
}

/// One movement of money, as the chain reads it.
struct ReadMovement: Hashable {
    /// The receiver's account in the rail's canonical form.
    let receiver: String
    /// The asset.
    let asset: AssetID
    /// The amount in smallest units; nil for all coins of the wallet.
    let units: Int256?
    /// What the receiver is told beside the money, in the rail's own form; empty where the rail tells nothing, and
    /// between own wallets, for which it means nothing.
    let message: [UInt8]
}
