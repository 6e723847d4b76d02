import Payments
import Providers
import Seams
import Synchronization

/// The accounts and unfinal payments that nodes have told of, until they are looked at, and the accounts that are listened
/// to.
///
/// However often a node rings, an account is remembered once, and one signal waits.
final class Doorbell: Sendable {
    /// What has to be looked at after a ring.
    struct Ring: Hashable, Sendable {
        let provider: String
        /// Whether nothing is known of what was before, so that all accounts are looked at.
        let isWhole: Bool
    }

    /// What nodes have told of payments that are not final yet.
    struct Tidings {
        var seen: [Sighting] = []
        var gone: [NaturalKey] = []
    }

    /// How many payments are remembered of a provider until they are shown; others are found when they are final.
    private static let mostTidings = 1_000

    private struct Bell {
        var plan: ListeningPlan
        /// Tells each stream that its accounts have changed.
        var changes: [AsyncStream<Void>.Continuation]
    }

    private struct Content {
        var bells: [String: Bell] = [:]
        var rung: [String: Set<ScanAccount>] = [:]
        /// The rings that nobody has taken: each provider's once.
        var rings: [String: Bool] = [:]
        /// The payments that are not final yet, until they are shown; nil for those that are gone.
        var tidings: [String: [NaturalKey: Sighting?]] = [:]
        var signal: AsyncStream<Void>.Continuation?

        mutating func note(_ sighting: Sighting?, _ key: NaturalKey, at provider: String) {
            let known = tidings[provider, default: [:]]
            guard known.count < Doorbell.mostTidings || known[key] != nil else { return }
            tidings[provider, default: [:]].updateValue(sighting, forKey: key)
        }
    }

    private let content = Mutex(Content())

    // MARK: - Rings

    /// The signals that something has to be looked at; an earlier stream of them gets no more.
    func open() -> AsyncStream<Void> {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let waits = content.withLock { content in
            content.signal = signal
            return !content.rings.isEmpty || !content.tidings.isEmpty
        }
        if waits { signal.yield() }
        return signals
    }

    /// Remembers what a node has told.
    func receive(_ news: StreamNews, at provider: String) {
        let signal = content.withLock { content in
            switch news {
            case .begins: content.rings[provider] = true
            case .moved(let accounts):
                content.rung[provider, default: []].formUnion(accounts)
                content.rings[provider] = content.rings[provider] ?? false
            case .seen(let sightings):
                for sighting in sightings { content.note(sighting, sighting.transfer.naturalKey, at: provider) }
            case .gone(let keys): for key in keys { content.note(nil, key, at: provider) }
            }
            return content.signal
        }
        signal?.yield()
    }

    /// The rings since the last call.
    func takeRings() -> [Ring] {
        content.withLock { content in
            defer { content.rings = [:] }
            return content.rings.map { Ring(provider: $0.key, isWhole: $0.value) }
        }
    }

    /// Whether one of some accounts was told of and not looked at yet.
    func hasRung(_ accounts: [String], of provider: String) -> Bool {
        content.withLock { content in
            content.rung[provider]?.contains { accounts.contains($0.account) } ?? false
        }
    }

    /// The accounts that were told of and not looked at yet; they count as looked at.
    func takeAccounts(of provider: String) -> Set<ScanAccount> {
        content.withLock { $0.rung.removeValue(forKey: provider) ?? [] }
    }

    /// The providers with payments to show, or to show no longer.
    var toldProviders: [String] { content.withLock { $0.tidings.keys.sorted() } }

    /// What was told of payments that are not final yet since the last call.
    func takeTidings(of provider: String) -> Tidings {
        let told = content.withLock { $0.tidings.removeValue(forKey: provider) ?? [:] }
        return Tidings(
            seen: told.values.compactMap { $0 }.sorted { $0.transfer.naturalKey.text < $1.transfer.naturalKey.text },
            gone: told.filter { $0.value == nil }.keys.sorted { $0.text < $1.text }
        )
    }

    // MARK: - Listening

    /// Begins to plan a provider's streams.
    ///
    /// - Returns: for each stream the signals that its accounts have changed.
    func prepare(_ provider: String, _ capacity: ListeningCapacity) -> [AsyncStream<Void>] {
        let streams = (0..<capacity.streams).map { _ in
            AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        }
        content.withLock { content in
            content.bells[provider] = Bell(plan: ListeningPlan(capacity), changes: streams.map(\.continuation))
        }
        return streams.map(\.stream)
    }

    /// Takes note of the accounts to listen to, the most important first.
    func follow(_ accounts: [ScanAccount], of provider: String, at now: Timestamp) {
        let changed = content.withLock { content -> [AsyncStream<Void>.Continuation] in
            guard var bell = content.bells[provider] else { return [] }
            let streams = bell.plan.follow(accounts, at: now)
            content.bells[provider] = bell
            return streams.map { bell.changes[$0] }
        }
        for change in changed { change.yield() }
    }

    /// Listens to nothing of a provider any more, until accounts are named again.
    func release(_ provider: String) {
        let changes = content.withLock { content -> [AsyncStream<Void>.Continuation] in
            guard var bell = content.bells[provider], bell.plan.release() else { return [] }
            content.bells[provider] = bell
            return bell.changes
        }
        for change in changes { change.yield() }
    }

    /// The accounts of a stream.
    func accounts(of stream: Int, at provider: String) -> [ScanAccount] {
        content.withLock { content in Array(content.bells[provider]?.plan.accounts(of: stream) ?? []) }
    }
}
