import Cryptography
import Payments
import Providers
import Seams
import TON

/// The wallets of options, and the one that pays the fees of gathering.
///
/// Their keys depend on the seed, so that the signer is asked for the public ones.
struct OwnWallets: Sendable {
    let signer: any Signer
    let version: WalletVersion
    let network: TONNetwork

    /// A wallet of ours.
    struct Named {
        let name: OwnWallet
        let wallet: Wallet
        let address: TONAddress
    }

    /// The wallet of an option.
    func ofOption(_ option: PaymentOptionID) throws(ProviderError) -> Named { try wallet(.option(option)) }

    /// The wallet that gives others coins for fees.
    func forFees() throws(ProviderError) -> Named { try wallet(.fees) }

    private func wallet(_ name: OwnWallet) throws(ProviderError) -> Named {
        do {
            let key = try Ed25519.PublicKey(signer.publicKey(of: name))
            let wallet = Wallet(version: version, publicKey: key, network: network)
            return Named(name: name, wallet: wallet, address: try wallet.address())
        } catch { throw error as? ProviderError ?? ProviderError(.invalidRequest, "\(error)") }
    }
}

/// The body of a transfer between our wallets, which names the option whose wallet is concerned.
///
/// It proves nothing alone: the sender has to be the wallet of that option, or the wallet for fees.
struct GatheringMessage: Hashable {
    private static let op: UInt64 = 0x6761_7468
    let option: PaymentOptionID

    init(option: PaymentOptionID) {
        self.option = option
    }

    /// Reads a body; nil when it is another message.
    init?(reading body: Cell) {
        var slice = body.slice()
        guard (try? slice.loadUInt(32)) == Self.op, let high = try? slice.loadUInt(64),
            let low = try? slice.loadUInt(64), slice.isEmpty
        else { return nil }
        option = PaymentOptionID(value: UInt128(high) << 64 | UInt128(low))
    }

    func cell() throws(TONError) -> Cell {
        var builder = CellBuilder()
        try builder.store(uint: Self.op, bits: 32)
        try builder.store(uint: UInt64(truncatingIfNeeded: option.value >> 64), bits: 64)
        try builder.store(uint: UInt64(truncatingIfNeeded: option.value), bits: 64)
        return try builder.build()
    }
}
