import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Synchronization
import TelegramBot
import TelegramIntake
import Testing

@Suite("An unreadable update, on each engine")
struct UnreadableUpdateTests {
    private func desk(_ engine: Engine) async throws -> Desk {
        try await Desk(on: engine, provider: { ScriptedProvider(asset: $0, rail: .telegramStars, bot: "shop") })
    }

    private func receiver(_ desk: Desk) -> TelegramReceiver {
        TelegramReceiver(
            settlement: desk.settlement,
            webhookSecret: { _ in nil },
            decided: { _, _ in },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wake: {}
        )
    }

    private static let good = #"{"update_id":7,"message":{"text":"/terms"}}"#

    private static let texts = [
        "", "{", "[]", "5", "{\"update_id\":\"5\"}", "{\"update_id\":5,\"a\":\"\u{1}\"}", "{\"update_id\":5,\"a\":01}",
        "{\"update_id\":5,\"a\":1,\"a\":2}", "{\"update_id\":99999999999999999999}", "{\"message\":{}}",
        "{\"update_id\":5,\"a\":\(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))}",
    ]

    private static let unreadable: [[UInt8]] = texts.map { Array($0.utf8) } + [[0xFF, 0xFE]]

    private func setAside(_ desk: Desk) async throws -> [ExceptionCase] {
        try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 99)) }
    }

    @Test("is confirmed and set aside once, byte for byte, and later updates are taken", arguments: Engine.allCases)
    func pushes(engine: Engine) async throws {
        let desk = try await desk(engine)
        let receiver = receiver(desk)
        for body in Self.unreadable + Self.unreadable {
            #expect(try await receiver.receive(body, bot: "shop").status == 200)
        }
        let open = try await setAside(desk)
        // Only one with the number 5 is kept: Telegram's number identifies an update.
        let numbered = Self.unreadable.count { JSONSlices.integer("update_id", in: $0) == 5 }
        #expect(open.count == Self.unreadable.count - numbered + 1)
        #expect(open.allSatisfy { $0.reason == .unreadable && $0.merchant == nil && $0.setAside != nil })
        var bytes: [[UInt8]] = []
        for found in open { bytes += try await desk.settlement.bytesSetAside(of: found.id).map { [$0] } ?? [] }
        #expect(Set(bytes).isSubset(of: Set(Self.unreadable)) && bytes.count == open.count)
        #expect(try await receiver.receive(Array(Self.good.utf8), bot: "shop").status == 200)
        #expect(try await desk.settlement.database.read { try $0.inboxDepth() } == 1)
    }

    @Test("is not confirmed until the database has stored it", arguments: Engine.allCases)
    func databaseAway(engine: Engine) async throws {
        let desk = try await desk(engine)
        let receiver = receiver(desk)
        try await desk.settlement.database.close()
        for body in [Array("{".utf8), Array(Self.good.utf8)] {
            await #expect(throws: StorageError.self) { try await receiver.receive(body, bot: "shop") }
        }
    }

    @Test("is not one with bytes in a text that are not UTF-8")
    func noText() async throws {
        let desk = try await desk(.sqlite)
        let body: [UInt8] = Array("{\"update_id\":5,\"a\":\"".utf8) + [0xC3, 0x28, 0x22, 0x7D]
        #expect(try await receiver(desk).receive(body, bot: "shop").status == 200)
        #expect(try await desk.settlement.database.read { try $0.inboxDepth() } == 1)
        #expect(try await setAside(desk).isEmpty)
    }

    @Test("is not one with half of a surrogate pair in a name")
    func halves() async throws {
        let text = #"""
            {"update_id":8,"message":{"date":1,"from":{"id":5,"first_name":"\ud83d"},"successful_payment":{"currency":"XTR",
            "total_amount":5,"invoice_payload":"opt","telegram_payment_charge_id":"c","provider_payment_charge_id":"p"}}}
            """#
        let desk = try await desk(.sqlite)
        #expect(try await receiver(desk).receive(Array(text.utf8), bot: "shop").status == 200)
        #expect(try await desk.settlement.database.read { try $0.inboxDepth() } == 1)
        guard case .paid(let payment) = try Update(parsing: Array(text.utf8)).content else {
            Issue.record("the update is not a payment")
            return
        }
        #expect(payment.totalAmount == 5 && payment.user == 5)
    }

    /// A Telegram with updates, one of them unreadable; it notes the offset of the request after they were taken.
    private final class Waiting: HTTPTransport {
        private let answer: [UInt8]
        private let asked = Mutex(0)
        let offsets: AsyncStream<Int64>
        private let tell: AsyncStream<Int64>.Continuation
        private let nothing = AsyncStream.makeStream(of: Void.self)

        init(_ updates: [[UInt8]]) {
            answer =
                Array("{\"ok\":true,\"result\":[".utf8) + Array(updates.joined(separator: [UInt8(ascii: ",")]))
                + Array("]}".utf8)
            (offsets, tell) = AsyncStream.makeStream()
        }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            guard request.url.hasSuffix("/getUpdates") else {
                return HTTPResponse(status: 200, fields: [], body: Array(#"{"ok":true,"result":true}"#.utf8))
            }
            let count = asked.withLock { asked in
                asked += 1
                return asked
            }
            guard count > 1 else { return HTTPResponse(status: 200, fields: [], body: answer) }
            tell.yield((try? JSONValue(parsing: request.body))?["offset"]?.integerValue ?? -1)
            // No more updates: it waits, as Telegram does, until the client is gone.
            for await _ in nothing.stream {}
            return HTTPResponse(status: 200, fields: [], body: Array(#"{"ok":true,"result":[]}"#.utf8))
        }
    }

    @Test("holds up none of the others in an answer, and is not asked for again", arguments: 0...2)
    func polling(place: Int) async throws {
        let desk = try await desk(.sqlite)
        var updates = [#"{"update_id":4,"message":{"text":"/a"}}"#, #"{"update_id":6,"message":{"text":"/b"}}"#].map {
            Array($0.utf8)
        }
        updates.insert(Array("{\"update_id\":\(3 + 2 * place),\"a\":01}".utf8), at: place)
        let telegram = Waiting(updates)
        let poller = TelegramPoller(
            key: "shop",
            client: BotClient(
                transport: telegram,
                baseURL: "https://api.telegram.org",
                token: SecretBytes(Array("1:A".utf8)),
                isTestEnvironment: false
            ),
            receiver: receiver(desk),
            clock: desk.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let task = Task { await poller.run() }
        var first: Int64?
        for await offset in telegram.offsets {
            first = offset
            break
        }
        task.cancel()
        #expect(first == Int64(place == 2 ? 8 : 7))
        #expect(try await desk.settlement.database.read { try $0.inboxDepth() } == 2)
        #expect(try await setAside(desk).count == 1)
    }
}
