package import Money
package import Seams

/// One of the gateway's own wallets at a provider, by its purpose.
package enum OwnWallet: Hashable, Sendable {
    /// It pays out.
    case payouts
    /// It pays the fees of gathering.
    case fees
    /// It takes the payments of one option.
    // A reference, so that no 128 bits are passed in registers to asynchronous functions.
    indirect case option(PaymentOptionID)

    /// The option whose payments it takes; nil for the other wallets.
    package var option: PaymentOptionID? { if case .option(let id) = self { id } else { nil } }
}

/// Money that moves between the gateway's own wallets at a provider.
package struct OwnMovement: Hashable, Sendable {
    /// The receiver.
    package let to: OwnWallet
    /// The asset.
    package let asset: AssetID
    /// The amount in smallest units; nil for all coins that the wallet has then.
    package let units: Int256?

    /// Money that moves between own wallets.
    package init(to: OwnWallet, asset: AssetID, units: Int256?) {
        self.to = to
        self.asset = asset
        self.units = units
    }
}

/// A request that moves money between the gateway's own wallets: it is stored before it is signed, and its signed bytes
/// are stored before they are sent.
///
/// A wallet's number belongs to one of them at a time.
package struct OwnTransfer: Hashable, Sendable {
    /// The account that signs, in the rail's canonical form.
    package let account: String
    /// The wallet that signs: that of an option, which is emptied, or the one for fees.
    package let wallet: OwnWallet
    /// The number that the request uses up.
    package let number: Int64
    /// What moves, in the order in which the rail carries it out.
    package let movements: [OwnMovement]
    /// The bytes to sign, in the rail's own form.
    package let content: [UInt8]
    /// When it was stored.
    package let createdAt: Timestamp
    /// The signed request; nil until it is signed.
    package var prepared: PreparedTransfer?

    /// A request that moves money between own wallets.
    package init(
        account: String,
        wallet: OwnWallet,
        number: Int64,
        movements: [OwnMovement],
        content: [UInt8],
        createdAt: Timestamp,
        prepared: PreparedTransfer? = nil
    ) {
        self.account = account
        self.wallet = wallet
        self.number = number
        self.movements = movements
        self.content = content
        self.createdAt = createdAt
        self.prepared = prepared
    }
}
