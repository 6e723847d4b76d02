package import Money
package import Payments
package import Providers
package import Seams
import Synchronization

/// A rail that takes signed requests as chains do: each takes effect at most once and not after its end, and the
/// network loses, delays and drops requests.
package final class ModelRail: PaymentProvider, TransferSending, BatchSending {
    private struct State {
        /// When a request takes effect.
        var due: [String: Timestamp] = [:]
        /// How often each order took effect.
        var effects: [String: Int] = [:]
        var signatures = 0
        /// The orders of each request.
        var requests: [String: [String]] = [:]
        /// The request that was submitted with each number.
        var numbers: [Int64: String] = [:]
        var reusedNumbers = 0
        var executed: Set<String> = []
    }

    package let key = "model"
    package let rail = Rail.ton
    package let asset: AssetID
    /// How long a signed request can take effect.
    package static let lifetime = Duration.seconds(300)
    private let clock: any WallClock
    private let random: SeededRandom
    private let ledger = Mutex(State())
    private let isBatching: Bool

    package init(asset: AssetID, clock: any WallClock, seed: UInt64, isBatching: Bool = false) {
        self.isBatching = isBatching
        self.asset = asset
        self.clock = clock
        random = SeededRandom(seed: seed)
    }

    /// How often an order took effect.
    package func effects(of order: String) -> Int { ledger.withLock { $0.effects[order] ?? 0 } }

    /// How often a used number was used again.
    package var reusedNumbers: Int { ledger.withLock { $0.reusedNumbers } }

    package var batch: (any BatchSending)? { isBatching ? self : nil }
    package let maximumBatch = 50

    package var accountNames: [String] { [key] }
    package var capabilities: ProviderCapabilities {
        .everything(in: asset)
    }

    package var push: (any PushReceiving)? { nil }
    package var scan: (any TransferScanning)? { nil }
    package var send: (any TransferSending)? { self }
    package var state: (any BalanceStating)? { nil }

    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        throw ProviderError(.unsupported, "nobody pays here")
    }

    package var lane: Lane? { nil }

    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        guard !destination.isEmpty else { throw DestinationRefusal(.malformed) }
        return destination
    }

    private func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    /// Every signature is a request of its own: two of one order could both take effect.
    package var wallets: [String] { [] }

    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        WalletReading(wallet: key, numbers: .named(done: []))
    }

    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        if chance(5) { throw ProviderError(.unavailable, "no node answers") }
        let end = clock.now().advanced(by: Self.lifetime)
        let hash = sign([order.id])
        return PreparedTransfer(bytes: Array(hash.utf8), hash: hash, sequence: nil, validUntil: end)
    }

    package func prepare(
        _ orders: [TransferOrder],
        after last: Int64?,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedBatch {
        if chance(5) { throw ProviderError(.unavailable, "no node answers") }
        // Some orders are never possible, and some have to wait.
        let kinds = orders.map { _ in random.next() % 100 }
        let chosen = zip(orders, kinds).filter { $0.1 >= 10 }.map(\.0)
        let refused = zip(orders, kinds).filter { $0.1 < 2 }.map { ($0.0.id, "never") }
        let number = (last ?? 0) + 1
        let end = clock.now().advanced(by: Self.lifetime)
        let hash = sign(chosen.map(\.id))
        var batch = PreparedBatch(prepared: [:], refused: Dictionary(uniqueKeysWithValues: refused))
        for (position, order) in chosen.enumerated() {
            batch.prepared[order.id] = PreparedTransfer(
                bytes: Array(hash.utf8),
                hash: hash,
                sequence: number,
                validUntil: end,
                position: position
            )
        }
        return batch
    }

    private func sign(_ orders: [String]) -> String {
        ledger.withLock { state in
            state.signatures += 1
            let hash = "request \(state.signatures)"
            state.requests[hash] = orders
            return hash
        }
    }

    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        let now = clock.now()
        if let number = prepared.sequence {
            ledger.withLock { state in
                if let other = state.numbers[number], other != prepared.hash { state.reusedNumbers += 1 }
                state.numbers[number] = prepared.hash
            }
        }
        let isTaken = chance(60)
        if isTaken, let end = prepared.validUntil {
            let moment = now.advanced(by: .seconds(Int64(random.next() % 120)))
            ledger.withLock { state in
                if state.due[prepared.hash] == nil, moment <= end { state.due[prepared.hash] = moment }
            }
        }
        return chance(50) ? .accepted : .unknown(reason: "the reply was lost")
    }

    /// Applies the due requests, each once.
    private func execute(_ hash: String, at now: Timestamp) {
        ledger.withLock { state in
            guard let moment = state.due[hash], moment <= now, !state.executed.contains(hash) else { return }
            for order in state.requests[hash] ?? [] { state.effects[order, default: 0] += 1 }
            state.executed.insert(hash)
        }
    }

    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        let now = clock.now()
        execute(prepared.hash, at: now)
        if chance(20) { throw ProviderError(.unavailable, "the node lags") }
        if ledger.withLock({ $0.executed.contains(prepared.hash) }) {
            return .confirmed(evidence: prepared.hash, fee: nil, at: now)
        }
        guard let end = prepared.validUntil, now > end.advanced(by: .seconds(60)) else { return .pending }
        return .dead(reason: "it was not taken until \(end)", fee: nil, at: end)
    }
}
