import Foundation
import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Money
import Rates
import Seams
import Testing

@Suite("Sources of rates")
struct RateFeedTests {
    private let now = Timestamp(seconds: 1_000_000)
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func ton() throws -> AssetID { try AssetID("ton:mainnet:native") }
    private func euro() throws -> AssetID { try AssetID("fiat:EUR") }

    /// Serves one answer, and stops when the body has run.
    private func serving(_ status: Int, _ body: String, _ check: (String) async throws -> Void) async throws {
        let answer = HTTPResponse(status: status, body: Array(body.utf8))
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Self.logger,
            handler: HTTPServer.Handler(respond: { _ in answer })
        )
        do { try await check(server.url) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func feed(_ url: String, _ pointer: String, name: String = "web") throws -> HTTPRateFeed {
        HTTPRateFeed(
            name: name,
            url: url + "/",
            places: [.init(base: try ton(), quote: try euro(), pointer: pointer)],
            transport: CurlTransport(.init(addresses: .any, httpsOnly: false))
        )
    }

    @Test(
        "read a price by its JSON pointer, as number or text, with every digit",
        arguments: [
            (#"{"ton": {"eur": 2.123456789012345678}}"#, "/ton/eur", "2.123456789012345678"),
            (#"{"ton": {"eur": "2.1"}}"#, "/ton/eur", "2.1"), (#"[{"price": 3}]"#, "/0/price", "3"),
            (#"{"a/b": {"~": 1.5}}"#, "/a~1b/~0", "1.5"), (#"{"p": 1.5e-5}"#, "/p", "0.000015"),
            (#"{"p": 12E3}"#, "/p", "12000"), (#"{"p": 1.250e1}"#, "/p", "12.5"), (#"{"": 7}"#, "/", "7"),
        ]
    )
    func pointers(document: String, pointer: String, price: String) async throws {
        try await serving(200, document) { url in
            let rates = try await feed(url, pointer).read(at: now)
            let expected = try Rate(base: ton(), quote: euro(), price: price, source: "web", observedAt: now)
            #expect(rates == [expected])
        }
    }

    @Test(
        "refuse anything that is not a positive price",
        arguments: [
            (200, "{}"), (200, #"{"p": 0}"#), (200, #"{"p": -1}"#), (200, #"{"p": null}"#), (200, #"{"p": "NaN"}"#),
            (200, #"{"p": 1e99}"#), (200, #"{"p": -1e2}"#), (200, #"{"p": [1]}"#), (200, "no json"),
            (500, #"{"p": 1}"#),
            (302, #"{"p": 1}"#), (200, ""),
        ]
    )
    func refusals(status: Int, document: String) async throws {
        try await serving(status, document) { url in
            await #expect(throws: RateFeedError.self) { try await feed(url, "/p").read(at: now) }
        }
    }

    @Test("read a file of rates, entry by entry")
    func file() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/rates-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            {"rates": [
            {"base": "ton:mainnet:native", "quote": "fiat:EUR", "price": "2.5", "observed_at": "1970-01-12T13:46:40Z"},
            {"base": "ton:mainnet:native", "quote": "fiat:EUR", "price": "-1", "observed_at": "1970-01-12T13:46:40Z"},
            {"base": "nonsense", "quote": "fiat:EUR", "price": "1", "observed_at": "1970-01-12T13:46:40Z"},
            {"base": "ton:mainnet:native", "quote": "fiat:EUR", "price": "3"}]}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let feed = FileRateFeed(name: "desk", path: path)
        let expected = try Rate(base: ton(), quote: euro(), price: "2.5", source: "desk", observedAt: now)
        #expect(try await feed.read(at: now) == [expected])
        await #expect(throws: RateFeedError.self) { try await FileRateFeed(name: "x", path: path + "x").read(at: now) }
    }

    @Test("hold up no others when one is dead or far off, and a dead one is named")
    func rounds() async throws {
        try await serving(200, #"{"p": 2, "q": 2.02, "wrong": 20}"#) { url in
            let book = RateBook(rules: RateRules())
            let clock = ManualClock(now)
            let feeds: [any RateFeed] = [
                try feed(url, "/p", name: "one"), try feed(url, "/q", name: "two"),
                try feed(url, "/wrong", name: "liar"),
                try feed("http://127.0.0.1:9", "/p", name: "dead"),
            ]
            let worker = RateWorker(feeds: feeds, book: book, clock: clock, logger: Self.logger)
            let problems = await worker.runOnce()
            #expect(problems.count == 1 && problems[0].hasPrefix("dead"))
            let quote = try book.rate(ton(), in: euro(), at: now)
            #expect(quote.rate.source == "median of one, two")
            #expect(quote.rate.numerator == 201 && quote.rate.denominator == 100)
        }
    }
}
