package import Payments
package import Providers

/// Permits every signature, with the number that the chain expects.
package struct OpenGate: SigningGate {
    package init() {}

    package func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit {
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: .everything(of: reading)) else {
            throw ProviderError(.held, reading.wallet)
        }
        return permit
    }

    package func store(_ number: Int64, under permit: SigningPermit) async throws(ProviderError) {}
}

extension WalletBooks {
    /// Books according to which everything that the chain has taken was signed here.
    fileprivate static func everything(of reading: WalletReading) -> Self {
        if case .inAnyOrder(let taken, _, _) = reading.numbers { return Self(signedBelow: .max, known: taken) }
        return Self(signedBelow: .max)
    }
}

/// A test rail whose wallet signs every request.
package protocol SigningRail {
    associatedtype Provider: TransferSending & FundGathering

    var provider: Provider { get }
}

extension SigningRail {
    package func permit() async throws -> SigningPermit {
        try await OpenGate().permit(try await provider.readWallet(nil, scannedTo: nil))
    }

    package func prepare(_ order: TransferOrder) async throws -> PreparedTransfer {
        try await provider.prepare(order, under: permit())
    }

    package func renewed(_ prepared: PreparedTransfer, for order: TransferOrder) async throws -> PreparedTransfer? {
        try await provider.renewed(prepared, for: order, under: permit())
    }

    package func gather(_ accounts: [HoldingAccount]) async throws -> GatheringOutcome {
        try await provider.gather(accounts, through: OpenGate())
    }
}

extension SigningRail where Provider: BatchSending {
    package func prepare(_ orders: [TransferOrder], after sequence: Int64?) async throws -> PreparedBatch {
        try await provider.prepare(orders, after: sequence, under: permit())
    }
}
