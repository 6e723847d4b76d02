import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Money
import ProviderTelegram
import Seams
import StrictJSON
import Synchronization
import TelegramBot
import Testing

@testable import Gateway

@Suite("Telegram's table of currencies while the gateway runs")
struct CurrencyWatchTests {
    private static func table(_ exponent: Int64) -> [UInt8] {
        let entry: JSONValue = ["exp": .integer(exponent), "min_amount": "1", "max_amount": "9007199254740991"]
        return (["UGX": entry] as JSONValue).bytes
    }

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("is read over HTTP every six hours: a changed currency is refused, and an unreadable answer changes nothing")
    func everySixHours() async throws {
        let answers = Mutex<[(Int, [UInt8])]>([
            (200, Self.table(0)), (500, []), (200, Array("[]".utf8)), (200, Self.table(2)), (200, Self.table(0)),
        ])
        let asked = Mutex(0)
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(host: "127.0.0.1", port: 0),
            logger: Self.logger,
            handler: HTTPServer.Handler(respond: { _ in
                asked.withLock { $0 += 1 }
                let (status, body) = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                return HTTPResponse(status: status, fields: [], body: body)
            })
        )
        let assets = try AssetRegistry([
            Asset(id: try AssetID.fiat("UGX"), code: "UGX", name: "UGX", scale: 0, displayNames: [])
        ])
        let currencies = TelegramCurrencies(
            assets: assets,
            kept: try CurrencyTable(parsing: Self.table(0), asOf: "now")
        )
        let clock = ManualClock(Timestamp(seconds: 1_790_000_000))
        let watch = CurrencyWatch(
            url: server.url + "/currencies.json",
            currencies: currencies,
            transport: CurlTransport(.init(addresses: .any, httpsOnly: false)),
            clock: clock,
            logger: Self.logger
        )
        let task = Task { await watch.run() }
        var expected: [Bool] = []
        for isTaken in [true, true, true, false, true] {
            // The watch sleeps only after it has read an answer.
            while clock.sleeperCount == 0 { await Task.yield() }
            expected.append(isTaken)
            #expect((currencies.fault(of: "UGX") == nil) == isTaken, "round \(expected.count)")
            #expect(asked.withLock { $0 } == expected.count)
            clock.advance(by: .seconds(6 * 3_600 - 1))
            #expect(clock.sleeperCount == 1, "asked before six hours were over")
            clock.advance(by: .seconds(1))
        }
        task.cancel()
        await task.value
        await server.stop()
    }
}
