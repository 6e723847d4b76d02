import Payments
import Seams
import Testing

@testable import Checkout

@Suite("Pages that are told of changes")
struct CheckoutFeedTests {
    private static func feed() -> CheckoutFeed {
        CheckoutFeed(clock: ManualClock(Timestamp(seconds: 1_000))) { _ in [:] }
    }

    @Test("are so many of one invoice, and the oldest one makes place for another")
    func ofOneInvoice() throws {
        let feed = Self.feed()
        let limit = CheckoutFeed.limits.invoice
        var streams: [AsyncStream<[UInt8]>] = []
        for number in 0..<(3 * limit) {
            streams.append(try feed.events(of: InvoiceID(value: 1)))
            #expect(feed.count == min(number + 1, limit))
        }
        // Of others nobody loses a place by it.
        streams.append(try feed.events(of: InvoiceID(value: 2)))
        #expect(feed.count == limit + 1)
        withExtendedLifetime(streams) {}
        feed.stop()
        #expect(feed.count == 0)
        #expect(throws: CheckoutError.self) { try feed.events(of: InvoiceID(value: 1)) }
    }

    @Test("are so many of all invoices: the oldest ones end, and every new one gets its place")
    func ofAll() async throws {
        let feed = Self.feed()
        let limit = CheckoutFeed.limits.all
        let first = try feed.events(of: InvoiceID(value: 1))
        var streams: [AsyncStream<[UInt8]>] = []
        for number in 2...limit { streams.append(try feed.events(of: InvoiceID(value: UInt128(number)))) }
        #expect(feed.count == limit)
        streams.append(try feed.events(of: InvoiceID(value: UInt128(limit + 1))))
        #expect(feed.count == limit)
        // The first one has ended by itself, or this would wait for ever.
        for await _ in first {}
        withExtendedLifetime(streams) {}
        feed.stop()
    }
}
