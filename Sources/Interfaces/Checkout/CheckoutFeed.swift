import Payments
import Seams
import Synchronization

/// Tells open pages when their invoice has changed, by one query a second for all pages together.
final class CheckoutFeed: Sendable {
    /// The most pages that are told at once, in all and for one invoice.
    ///
    /// Beyond them the oldest page of the invoice, or of the merchant with the most pages, is dropped, and polls
    /// instead.
    static let limits = (all: min(4_096, DescriptorBudget.current.incoming / 2), invoice: 16)
    private static let interval = Duration.seconds(1)
    /// After how many queries an empty comment is sent, by which broken connections are found.
    private static let heartbeat = 15

    private struct Watcher {
        let invoice: InvoiceID
        let merchant: MerchantID
        let events: AsyncStream<[UInt8]>.Continuation
        var told: String?
    }

    private struct State {
        var watchers: [Int: Watcher] = [:]
        var last = 0
        var isLooking = false
        var isStopped = false

        /// Removes the watcher that makes room for another one of an invoice; returns nil when there is room.
        mutating func makePlace(
            for invoice: InvoiceID,
            of merchant: MerchantID
        ) -> AsyncStream<[UInt8]>.Continuation? {
            var displaced = watchers.filter { $0.value.invoice == invoice }.keys.min()
            if watchers.values.count(where: { $0.invoice == invoice }) < CheckoutFeed.limits.invoice { displaced = nil }
            if displaced == nil, watchers.count >= CheckoutFeed.limits.all {
                let places = watchers.sorted { $0.key < $1.key }
                    .map { FairPlaces.Place(id: $0.key, merchant: $0.value.merchant, isWaiting: true) }
                // If every merchant has one page, the oldest makes room.
                displaced = FairPlaces.displaced(by: merchant, among: places) ?? places.first?.id
            }
            return displaced.flatMap { watchers.removeValue(forKey: $0) }?.events
        }
    }

    private let state = Mutex(State())
    private let clock: any WallClock
    private let revisions: @Sendable ([InvoiceID]) async throws -> [InvoiceID: String]

    /// A feed that asks for the revisions of invoices.
    init(
        clock: any WallClock,
        revisions: @escaping @Sendable ([InvoiceID]) async throws -> [InvoiceID: String]
    ) {
        self.clock = clock
        self.revisions = revisions
    }

    /// How many pages are told.
    var count: Int { state.withLock { $0.watchers.count } }

    /// How many pages of a merchant's invoices are told.
    func count(of merchant: MerchantID) -> Int {
        state.withLock { $0.watchers.values.count { $0.merchant == merchant } }
    }

    /// The events of an invoice, as `text/event-stream`: its revision now, and whenever it changes.
    ///
    /// - Throws: ``CheckoutError``.
    func events(of invoice: InvoiceID, at merchant: MerchantID) throws(CheckoutError) -> AsyncStream<[UInt8]> {
        let (stream, events) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(4))
        let (number, replaced): (Int?, AsyncStream<[UInt8]>.Continuation?) = state.withLock { state in
            guard !state.isStopped else { return (nil, nil) }
            let replaced = state.makePlace(for: invoice, of: merchant)
            state.last += 1
            state.watchers[state.last] = Watcher(invoice: invoice, merchant: merchant, events: events)
            if !state.isLooking {
                state.isLooking = true
                Task { await self.look() }
            }
            return (state.last, replaced)
        }
        replaced?.finish()
        guard let number else { throw .tooManyStreams }
        events.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: number) }
        }
        return stream
    }

    /// Ends all streams.
    func stop() {
        let all = state.withLock { state in
            state.isStopped = true
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in all { watcher.events.finish() }
    }

    private func look() async {
        var looks = 0
        while true {
            let invoices: Set<InvoiceID> = state.withLock { state in
                let invoices = Set(state.watchers.values.map(\.invoice))
                if invoices.isEmpty { state.isLooking = false }
                return invoices
            }
            guard !invoices.isEmpty else { return }
            looks += 1
            if let now = try? await revisions(Array(invoices)) { tell(now) }
            if looks % Self.heartbeat == 0 { beat() }
            do { try await clock.sleep(for: Self.interval) } catch { return stop() }
        }
    }

    private func tell(_ revisions: [InvoiceID: String]) {
        let due: [(AsyncStream<[UInt8]>.Continuation, String)] = state.withLock { state in
            var due: [(AsyncStream<[UInt8]>.Continuation, String)] = []
            for (number, watcher) in state.watchers {
                guard let revision = revisions[watcher.invoice], revision != watcher.told else { continue }
                state.watchers[number]?.told = revision
                due.append((watcher.events, revision))
            }
            return due
        }
        for (events, revision) in due { events.yield(Array("data: \(revision)\n\n".utf8)) }
    }

    private func beat() {
        let all = state.withLock { $0.watchers.values.map(\.events) }
        for events in all { events.yield(Array(": \n\n".utf8)) }
    }
}
