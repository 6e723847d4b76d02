package import Money
package import Payments
package import Providers
package import Seams
import Synchronization

/// A rail that takes signed requests as chains do: each has effect at most once and not after its end, and the way to it
/// loses, delays and forgets.
package final class ModelRail: PaymentProvider, TransferSending {
    private struct State {
        /// When a request takes effect.
        var due: [String: Timestamp] = [:]
        /// How often each order had an effect.
        var effects: [String: Int] = [:]
        var signatures: [String: Int] = [:]
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

    package init(asset: AssetID, clock: any WallClock, seed: UInt64) {
        self.asset = asset
        self.clock = clock
        random = SeededRandom(seed: seed)
    }

    /// How often an order had an effect.
    package func effects(of order: String) -> Int { ledger.withLock { $0.effects[order] ?? 0 } }

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

    package func lane(of order: TransferOrder) -> String? { nil }

    private func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    /// Every signature is a request of its own: two of one order could both have an effect.
    package func prepare(_ order: TransferOrder) async throws(ProviderError) -> PreparedTransfer {
        if chance(5) { throw ProviderError(.unavailable, "no node answers") }
        let number = ledger.withLock { state in
            state.signatures[order.id, default: 0] += 1
            return state.signatures[order.id] ?? 0
        }
        let hash = "\(order.id) \(number)"
        let end = clock.now().advanced(by: Self.lifetime)
        return PreparedTransfer(bytes: Array(hash.utf8), hash: hash, sequence: nil, validUntil: end)
    }

    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        let now = clock.now()
        let isTaken = chance(60)
        if isTaken, let end = prepared.validUntil {
            let moment = now.advanced(by: .seconds(Int64(random.next() % 120)))
            ledger.withLock { state in
                if state.due[prepared.hash] == nil, moment <= end { state.due[prepared.hash] = moment }
            }
        }
        return chance(50) ? .accepted : .unknown(reason: "the reply was lost")
    }

    /// What is due takes effect, once.
    private func execute(_ hash: String, at now: Timestamp) {
        ledger.withLock { state in
            guard let moment = state.due[hash], moment <= now, !state.executed.contains(hash) else { return }
            let order = String(hash.prefix { $0 != " " })
            state.effects[order, default: 0] += 1
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
        return .dead(reason: "it was not taken until \(end)", fee: nil)
    }
}
