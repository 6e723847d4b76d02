import Logging
import Providers
import Seams
import Settlement
import Storage
import Synchronization

/// Nodes that tell at once what moves: a doorbell beside the scan, which finds everything by itself, only later.
extension ReconciliationWorker {
    /// How long a stream has to last for its end to be no sign of trouble.
    private static let steadiness = Duration.seconds(60)
    /// After how many failures in a row the operator is told.
    private static let toldAfter = 2
    /// The first and the longest rest of a stream that told more than a stream may.
    private static let rests = (first: Duration.seconds(15), longest: Duration.seconds(600))

    /// The streams of all providers, which listen to nothing until a scan names accounts.
    func prepareStreams() -> [ListeningStream] {
        settlement.providers.providers.flatMap { provider -> [ListeningStream] in
            guard let listen = provider.listen else { return [] }
            let streams = doorbell.prepare(provider.key, listen.listeningCapacity)
            return streams.enumerated().map { number, changes in
                ListeningStream(provider: provider.key, number: number, listen: listen, changes: changes)
            }
        }
    }

    /// Listens until the task is cancelled.
    func keepListening(on streams: [ListeningStream]) async {
        await withDiscardingTaskGroup { group in
            for stream in streams { group.addTask { await keepListening(on: stream) } }
        }
    }

    /// Leaves a provider's streams to the process that scans it: a node serves few.
    func stopListening(for work: String) {
        let scanned = settlement.providers.providers.first { Self.scan(of: $0.key) == work }
        if let scanned { doorbell.release(scanned.key) }
    }

    /// One of the streams on which a provider is listened to.
    struct ListeningStream: Sendable {
        let provider: String
        let number: Int
        let listen: any AccountListening
        /// The signals that its accounts have changed.
        let changes: AsyncStream<Void>

        /// The name under which its state is shown.
        var name: String { "doorbell of \(provider)" + (number == 0 ? "" : " \(number + 1)") }
        /// The name of the condition that it fails.
        var condition: String { "doorbell \(provider)" + (number == 0 ? "" : " \(number + 1)") }
    }

    /// Keeps a stream open, and opens it anew when its accounts change.
    private func keepListening(on stream: ListeningStream) async {
        var changes = stream.changes.makeAsyncIterator()
        var change: Void? = await changes.next()
        while change != nil {
            let accounts = doorbell.accounts(of: stream.number, at: stream.provider)
            if accounts.isEmpty { settlement.conditions.clear(stream.condition) }
            change = await withTaskGroup(of: Void.self) { group in
                if !accounts.isEmpty { group.addTask { await keepOpen(stream, for: accounts) } }
                let change: Void? = await changes.next()
                group.cancelAll()
                return change
            }
        }
    }

    /// Opens a stream again and again, later and later while it does not last.
    private func keepOpen(_ stream: ListeningStream, for accounts: [ScanAccount]) async {
        let state = StreamState(stream.name, on: settlement.duties)
        var (failures, floods) = (0, 0)
        while !Task.isCancelled {
            state.change { $0.isRunning = true }
            let began = settlement.clock.now()
            do throws(ProviderError) {
                let isFlooded = floods > 0
                try await stream.listen.listen(to: accounts) { receive($0, on: stream, state, isFlooded: isFlooded) }
            } catch {
                guard !Task.isCancelled else { break }
                let now = settlement.clock.now()
                let lasted = now.since(began)
                failures = lasted >= Self.steadiness ? 1 : failures + 1
                let isFlood = error.code == .flooded
                if isFlood { floods += 1 } else if lasted >= Self.steadiness { floods = 0 }
                show(error, of: stream, failures, state, at: now)
                let pause =
                    isFlood
                    ? Self.rest(afterFloods: floods)
                    : DutyRoster.rest(after: failures, jitter: random.bytes(1)[0])
                try? await settlement.clock.sleep(for: pause)
            }
        }
        settlement.duties.stop(stream.name)
    }

    /// How long a stream rests that has told too much so many times.
    static func rest(afterFloods floods: Int) -> Duration {
        min(rests.longest, rests.first * (1 << min(max(floods - 1, 0), 10)))
    }

    private func receive(_ news: StreamNews, on stream: ListeningStream, _ state: StreamState, isFlooded: Bool) {
        // That a stream begins is no news of one that told too much the last time: its condition stays, said once.
        if news == .begins, !isFlooded {
            let now = settlement.clock.now()
            state.change { state in
                (state.failures, state.failingSince, state.causes, state.lastSuccess) = (0, nil, [], now)
            }
            settlement.conditions.clear(stream.condition)
        }
        doorbell.receive(news, at: stream.provider)
    }

    /// Shows that a stream has ended; a stream that comes back at once is nobody's concern.
    private func show(
        _ error: ProviderError,
        of stream: ListeningStream,
        _ failures: Int,
        _ state: StreamState,
        at now: Timestamp
    ) {
        state.change { state in
            (state.isRunning, state.failures, state.failingSince) = (false, failures, state.failingSince ?? now)
            state.causes = ["provider: \(error.code.rawValue)"]
        }
        let isFlood = error.code == .flooded
        guard failures >= Self.toldAfter || isFlood else { return }
        let reason = isFlood ? "tells more than a stream may, and rests" : "does not last"
        let sentence = "the node's stream of news \(reason); payments are found by the scan alone, and later"
        let isKnown = settlement.conditions.all.contains { $0.name == stream.condition }
        settlement.conditions.raise(stream.condition, .degraded, sentence, at: now)
        // One that begins and ends again and again is told of once.
        if !isKnown { logger.warning("\(stream.name): \(error)") }
    }

    // MARK: - Payments that are not final

    /// How long after a block's moment its payments are final at the latest, where the history shows them.
    private static let timeToFinal = Duration.seconds(30)
    /// How long they are shown while the history cannot be read to its end.
    private static let longestSight = Duration.seconds(600)

    /// The duties that show what nodes have told of payments that are not final yet.
    var showings: [Duty] {
        doorbell.toldProviders.compactMap { settlement.providers.provider($0) }.map { provider in
            Duty("sightings of \(provider.key)", isLeased: false) { _, pass in
                let told = doorbell.takeTidings(of: provider.key)
                await attempt("sightings of \(provider.key)", into: &pass) { _ in
                    try await settlement.show(told.seen, without: told.gone, at: provider)
                }
            }
        }
    }

    /// Shows no longer what should be final by the moment up to which a provider's history was read.
    func forgetSightings(at provider: any PaymentProvider, readTo head: Timestamp, isWhole: Bool) async throws {
        let age = isWhole ? Self.timeToFinal : Self.longestSight
        try await settlement.forgetSightings(before: head.advanced(by: .zero - age), at: provider)
    }

    // MARK: - Rings

    /// The duties that answer rings.
    func answers(to rings: [Doorbell.Ring]) -> [Duty] {
        let whole = Set(rings.filter(\.isWhole).map { Self.scan(of: $0.provider) })
        let parts = rings.filter { !$0.isWhole }.compactMap { ring in
            settlement.providers.provider(ring.provider).flatMap(rungScan)
        }
        return (whole.isEmpty ? [] : duties.filter { whole.contains($0.name) }) + parts + rings.compactMap(follow)
    }

    /// The duty that follows what is on its way, when a wallet was told of that sends it.
    private func follow(_ ring: Doorbell.Ring) -> Duty? {
        guard let provider = settlement.providers.provider(ring.provider), let wallets = provider.send?.wallets,
            doorbell.hasRung(wallets, of: ring.provider)
        else { return nil }
        return outgoing(of: provider)
    }

    private func rungScan(of provider: any PaymentProvider) -> Duty? {
        guard let scan = provider.scan else { return nil }
        return Duty("rung scan of \(provider.key)", partOf: Self.scan(of: provider.key), restsAfterFailure: true) {
            lease,
            pass in
            await attempt("rung scan of \(provider.key)", into: &pass) { pass in
                try await self.scanRung(provider, by: scan, under: lease, into: &pass)
            }
        }
    }

    /// Looks at the accounts that a node has told of, and reads those that have moved, as a whole scan would.
    private func scanRung(
        _ provider: any PaymentProvider,
        by scan: any TransferScanning,
        under lease: Lease?,
        into pass: inout Pass
    ) async throws {
        let rung = doorbell.takeAccounts(of: provider.key)
        // A wallet is compared with the books before its first scan, which the whole scan sees to.
        guard !rung.isEmpty, try await settlement.knowsWallets(of: provider) else { return }
        let placed = try await settlement.database.read { session in
            try rung.map { account in
                PlacedAccount(
                    account: account,
                    position: try session.scanPosition(
                        provider: provider.key,
                        account: account.account,
                        subject: account.subject
                    )
                )
            }
        }
        let accounts = WatchedAccounts(standing: placed)
        let news: [WatchedAccounts.News] =
            if let look = try await scan.look(at: placed) { accounts.withNews(in: look) } else {
                rung.map { WatchedAccounts.News(account: $0, tip: nil) }
            }
        await read(news, of: provider, by: scan, under: lease, into: &pass)
    }
}

/// How one stream stands, shown beside the duties.
private final class StreamState: Sendable {
    private let name: String
    private let board: DutyBoard
    private let state = Mutex(DutyState())

    init(_ name: String, on board: DutyBoard) {
        self.name = name
        self.board = board
    }

    func change(_ body: (inout DutyState) -> Void) {
        let changed = state.withLock { state in
            body(&state)
            return state
        }
        board.show(changed, of: name)
    }
}
