import Payments
import ProviderEVM
import Providers

/// Lets everything be signed, with the number that the chain expects.
struct OpenGate: SigningGate {
    func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit {
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: .everything(of: reading)) else {
            throw ProviderError(.held, reading.wallet)
        }
        return permit
    }

    func store(_ number: Int64, under permit: SigningPermit) async throws(ProviderError) {}
}

extension WalletBooks {
    /// The books of somebody who has signed whatever the chain has taken.
    static func everything(of reading: WalletReading) -> Self {
        if case .inAnyOrder(let taken, _, _) = reading.numbers { return Self(signedBelow: .max, known: taken) }
        return Self(signedBelow: .max)
    }
}

extension EVMRail {
    func permit() async throws -> SigningPermit {
        try await OpenGate().permit(try await provider.readWallet(nil, scannedTo: nil))
    }

    func prepare(_ order: TransferOrder) async throws -> PreparedTransfer {
        try await provider.prepare(order, under: permit())
    }

    func gather(_ accounts: [HoldingAccount]) async throws -> GatheringOutcome {
        try await provider.gather(accounts, through: OpenGate())
    }
}

extension EVMRail {
    func renewed(_ prepared: PreparedTransfer, for order: TransferOrder) async throws -> PreparedTransfer? {
        try await provider.renewed(prepared, for: order, under: permit())
    }
}
