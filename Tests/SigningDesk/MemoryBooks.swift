package import Payments
package import Providers
import Synchronization

/// Books in memory: it permits every signature for what is stored, with the number that the chain expects.
package final class MemoryBooks: SigningGate {
    /// A number of an account.
    private struct Place: Hashable {
        let account: String
        let number: Int64

        init(_ transfer: OwnTransfer) { (account, number) = (transfer.account, transfer.number) }
    }

    private struct State {
        var own: [Place: OwnTransfer] = [:]
        /// Every signed request that was ever kept.
        var signed: [Place: Set<[UInt8]>] = [:]
        /// How many more accesses succeed before the process is killed.
        var accesses = Int.max
    }

    private let state = Mutex(State())
    private let orders: Set<TransferOrder>
    private let underWay: [TransferUnderWay]

    package init(orders: Set<TransferOrder> = [], underWay: [TransferUnderWay] = []) {
        self.orders = orders
        self.underWay = underWay
    }

    /// The stored requests between own wallets, in the order of their accounts and numbers.
    package var transfers: [OwnTransfer] {
        state.withLock { Array($0.own.values) }.sorted {
            ($0.account, $0.number) < ($1.account, $1.number)
        }
    }

    /// The most signatures that any number of any account has.
    package var mostSignatures: Int { state.withLock { $0.signed.values.map(\.count).max() ?? 0 } }

    /// Fails every access after some more, as if the process had been killed, until this is asked again.
    package func kill(after accesses: Int) { state.withLock { $0.accesses = accesses } }

    private func access<Value: Sendable>(
        _ body: (inout State) -> Value
    ) throws(ProviderError)
        -> Value
    {
        try state.withLock { state throws(ProviderError) in
            guard state.accesses > 0 else { throw ProviderError(.unavailable, "killed") }
            state.accesses -= 1
            return body(&state)
        }
    }

    package func ownTransfers() async throws(ProviderError) -> [OwnTransfer] {
        _ = try access { _ in }
        return transfers
    }

    package func store(
        _ transfers: [OwnTransfer],
        under permit: SigningPermit
    ) async throws(ProviderError) -> [OwnTransfer] {
        try access { state in
            transfers.filter { transfer in
                guard state.own[Place(transfer)] == nil else { return false }
                state.own[Place(transfer)] = transfer
                return true
            }
        }
    }

    package func keep(_ signed: [OwnTransfer]) async throws(ProviderError) {
        try access { state in
            for transfer in signed where state.own[Place(transfer)]?.content == transfer.content {
                state.own[Place(transfer)] = transfer
                if let bytes = transfer.prepared?.bytes {
                    state.signed[Place(transfer), default: []].insert(bytes)
                }
            }
        }
    }

    package func forget(_ transfers: [OwnTransfer]) async throws(ProviderError) {
        try access { state in for transfer in transfers { state.own[Place(transfer)] = nil } }
    }

    package func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit {
        _ = try access { _ in }
        var known: Set<Int64> = []
        // Everything that the chain has taken was signed here.
        if case .inAnyOrder(let taken, _, _) = reading.numbers { known = taken }
        let own = transfers.filter {
            reading.paysOthers ? $0.wallet.option != nil : $0.account == reading.wallet
        }
        let books = WalletBooks(
            signedBelow: .max,
            known: known,
            underWay: underWay,
            orders: orders,
            own: own
        )
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books) else {
            throw ProviderError(.held, reading.wallet)
        }
        return permit
    }
}

/// A test rail whose wallet signs every request.
package protocol SigningRail {
    associatedtype Provider: TransferSending & FundGathering

    var provider: Provider { get }
    /// The books of requests between own wallets.
    var books: MemoryBooks { get }
}

extension SigningRail {
    package func permit(
        for orders: [TransferOrder],
        besides underWay: [TransferUnderWay] = []
    ) async throws -> SigningPermit {
        let gate = MemoryBooks(orders: Set(orders), underWay: underWay)
        return try await gate.permit(try await provider.readWallet(nil, scannedTo: nil))
    }

    package func prepare(_ order: TransferOrder) async throws -> PreparedTransfer {
        try await provider.prepare(order, under: permit(for: [order]))
    }

    package func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws
        -> PreparedTransfer?
    {
        let underWay = [TransferUnderWay(order: order, prepared: prepared)]
        return try await provider.renewed(
            prepared,
            for: order,
            under: permit(for: [], besides: underWay)
        )
    }

    package func gather(_ accounts: [HoldingAccount]) async throws -> GatheringOutcome {
        try await provider.gather(accounts, through: books)
    }
}

extension SigningRail where Provider: BatchSending {
    package func prepare(
        _ orders: [TransferOrder],
        after sequence: Int64?
    ) async throws
        -> PreparedBatch
    {
        try await provider.prepare(orders, after: sequence, under: permit(for: orders))
    }
}
