package import Payments
package import Providers

/// Permits every signature, with the number that the chain expects, for the orders that it is said to have stored.
package struct OpenGate: SigningGate {
    private let orders: Set<TransferOrder>
    private let underWay: [TransferUnderWay]

    package init(orders: Set<TransferOrder> = [], underWay: [TransferUnderWay] = []) {
        self.orders = orders
        self.underWay = underWay
    }

    package func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit {
        var known: Set<Int64> = []
        // Everything that the chain has taken was signed here.
        if case .inAnyOrder(let taken, _, _) = reading.numbers { known = taken }
        let books = WalletBooks(signedBelow: .max, known: known, underWay: underWay, orders: orders)
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books) else {
            throw ProviderError(.held, reading.wallet)
        }
        return permit
    }

    package func store(_ number: Int64, under permit: SigningPermit) async throws(ProviderError) {}
}

/// A test rail whose wallet signs every request.
package protocol SigningRail {
    associatedtype Provider: TransferSending & FundGathering

    var provider: Provider { get }
}

extension SigningRail {
    package func permit(
        for orders: [TransferOrder],
        besides underWay: [TransferUnderWay] = []
    ) async throws -> SigningPermit {
        let gate = OpenGate(orders: Set(orders), underWay: underWay)
        return try await gate.permit(try await provider.readWallet(nil, scannedTo: nil))
    }

    package func prepare(_ order: TransferOrder) async throws -> PreparedTransfer {
        try await provider.prepare(order, under: permit(for: [order]))
    }

    package func renewed(_ prepared: PreparedTransfer, for order: TransferOrder) async throws -> PreparedTransfer? {
        let underWay = [TransferUnderWay(order: order, prepared: prepared)]
        return try await provider.renewed(prepared, for: order, under: permit(for: [], besides: underWay))
    }

    package func gather(_ accounts: [HoldingAccount]) async throws -> GatheringOutcome {
        try await provider.gather(accounts, through: OpenGate())
    }
}

extension SigningRail where Provider: BatchSending {
    package func prepare(_ orders: [TransferOrder], after sequence: Int64?) async throws -> PreparedBatch {
        try await provider.prepare(orders, after: sequence, under: permit(for: orders))
    }
}
