import Payments
import Seams
import Testing

@testable import Checkout

@Suite("Open checkout pages")
struct CheckoutFeedTests {
    private static func feed() -> CheckoutFeed {
        CheckoutFeed(clock: ManualClock(Timestamp(seconds: 1_000))) { _ in [:] }
    }

    @Test("are limited for each invoice: a new page closes the oldest one")
    func ofOneInvoice() throws {
        let feed = Self.feed()
        let shop = MerchantID(value: 1)
        let limit = CheckoutFeed.limits.invoice
        var streams: [AsyncStream<[UInt8]>] = []
        for number in 0..<(3 * limit) {
            streams.append(try feed.events(of: InvoiceID(value: 1), at: shop))
            #expect(feed.count == min(number + 1, limit))
        }
        // Pages of other invoices stay open.
        streams.append(try feed.events(of: InvoiceID(value: 2), at: shop))
        #expect(feed.count == limit + 1)
        withExtendedLifetime(streams) {}
        feed.stop()
        #expect(feed.count == 0)
        #expect(throws: CheckoutError.self) { try feed.events(of: InvoiceID(value: 1), at: shop) }
    }

    @Test("are limited in total: a new page always opens, and a crowd at one merchant closes no other merchant's pages")
    func ofAll() async throws {
        let feed = Self.feed()
        let limit = CheckoutFeed.limits.all
        let (crowd, small) = (MerchantID(value: 1), MerchantID(value: 2))
        let kept = try feed.events(of: InvoiceID(value: 0), at: small)
        let first = try feed.events(of: InvoiceID(value: 1), at: crowd)
        var streams = [kept]
        for number in 2..<limit {
            streams.append(try feed.events(of: InvoiceID(value: UInt128(number)), at: crowd))
        }
        #expect(feed.count == limit)
        for number in limit..<(limit + 3) {
            streams.append(try feed.events(of: InvoiceID(value: UInt128(number)), at: number == limit ? small : crowd))
            #expect(feed.count == limit)
        }
        // The oldest page of the crowd was closed; otherwise this would wait for ever.
        for await _ in first {}
        #expect(feed.count(of: small) == 2)
        withExtendedLifetime(streams) {}
        feed.stop()
    }
}
