import Cryptography
import Payments
import Providers
import Seams
import TON

/// The wallets derived from the seed of the wallet that pays out: one for each option, and one that pays the fees of
/// gathering.
///
/// Their keys are HKDF of the seed and the purpose, so that there is no counter and no two wallets share a key.
struct OwnWallets: Sendable {
    let seed: SecretBytes
    let version: WalletVersion
    let network: TONNetwork

    /// A wallet with the key that signs for it.
    struct Keyed {
        let wallet: Wallet
        let key: Ed25519.PrivateKey
        let address: TONAddress
    }

    /// The wallet of an option.
    func ofOption(_ option: PaymentOptionID) throws(ProviderError) -> Keyed {
        try wallet(salt: "settlegate deposit wallet", info: option.text)
    }

    /// The wallet that gives others coins for fees.
    func forFees() throws(ProviderError) -> Keyed { try wallet(salt: "settlegate gas wallet", info: "") }

    private func wallet(salt: String, info: String) throws(ProviderError) -> Keyed {
        do {
            let own = try KeyDerivation.hkdfSHA256(
                key: seed,
                salt: Array(salt.utf8),
                info: Array(info.utf8),
                length: 32
            )
            let key = try Ed25519.PrivateKey(seed: own)
            let wallet = Wallet(version: version, publicKey: key.publicKey, network: network)
            return Keyed(wallet: wallet, key: key, address: try wallet.address())
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
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
