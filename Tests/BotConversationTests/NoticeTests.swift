import Cryptography
import HTTPMessages
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import TelegramBot
import Testing

@testable import BotConversation

@Suite("Bots' notices to customers")
struct NoticeTests {
    @Test("state the outcome of a payment in each language", arguments: Payment.Classification.allCases, [false, true])
    func texts(classification: Payment.Classification, isRussian: Bool) {
        func text(_ topic: NoticeText.Topic) -> String {
            NoticeText(topic: topic, amount: "50 XTR", title: "Pack", charge: "stx_1", isRussian: isRussian).text
        }
        let told = text(.received(classification))
        #expect(told.contains("50 XTR") && told.contains("stx_1") && told.contains("/paysupport"))
        #expect(told.contains(isRussian ? "Номер платежа" : "Charge"))
        let others = Payment.Classification.allCases.filter { $0 != classification }.map { text(.received($0)) }
        let isOneOfAKind = ![.unmatched, .wrongAsset].contains(classification)
        #expect(!isOneOfAKind || !others.contains(told), "each outcome has words of its own")
        #expect(text(.returned) != told)
    }

    @Test(
        "keep a merchant's title on one line, and its text direction out of the notice",
        arguments: [
            "Tea\n\nCall +1 555", "Tea\r\nCall", "Tea\u{2028}Call", "Tea\u{85}\u{b}\u{2029}Call", "\u{202e}Tea\n",
        ]
    )
    func oneLine(title: String) {
        func text(_ title: String) -> String {
            NoticeText(topic: .returned, amount: "50 XTR", title: title, charge: "stx_1", isRussian: false).text
        }
        let lines = { (text: String) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) }
        #expect(lines(text(title)).count == lines(text("Tea")).count)
        #expect(text(title).hasPrefix("Tea"))
        #expect(text("Чай \u{1F469}\u{200D}\u{1F680} 1,5").hasPrefix("Чай \u{1F469}\u{200D}\u{1F680} 1,5: "))
    }

    /// A Telegram that answers in turn.
    private final class ScriptedTelegram: HTTPTransport {
        private let answers: Mutex<[(Int, String)]>
        let calls = Mutex(0)

        init(_ answers: [(Int, String)]) { self.answers = Mutex(answers) }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            calls.withLock { $0 += 1 }
            let (status, body) = answers.withLock { $0.isEmpty ? (200, #"{"ok":true,"result":{}}"#) : $0.removeFirst() }
            return HTTPResponse(status: status, fields: [], body: Array(body.utf8))
        }
    }

    private static let limited =
        (429, #"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":40}}"#)
    private static let blocked = (403, #"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked"}"#)

    private func world(_ answers: [(Int, String)]) async throws -> (Desk, BotConversation, ScriptedTelegram) {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id, payer: "4242")
        guard case .payment(let id, _) = try await desk.receive(transfer) else { throw Desk.Crash() }
        let now = desk.clock.now()
        try await desk.settlement.database.write { session in
            let payment = try #require(try session.payment(id))
            for _ in 1...2 { try session.insertNotice(id.text, of: payment, by: "telegram:shop", at: now) }
        }
        let telegram = ScriptedTelegram(answers)
        let client = BotClient(
            transport: telegram,
            baseURL: "https://api.telegram.org",
            token: SecretBytes(Array("1:A".utf8)),
            isTestEnvironment: false
        )
        let conversation = BotConversation(
            bot: {
                guard $0 == "telegram:shop" else { return nil }
                return .init(
                    client: client,
                    providers: ["scripted"],
                    paymentKey: { NaturalKey("telegram", "live", $0, "in") },
                    contact: nil,
                    terms: nil
                )
            },
            database: desk.settlement.database,
            assets: desk.settlement.assets
        )
        return (desk, conversation, telegram)
    }

    @Test("obey Telegram's rate limit, and are sent once")
    func limit() async throws {
        let (desk, conversation, telegram) = try await world([Self.limited])
        try await conversation.tellCustomers(at: desk.clock.now())
        desk.clock.advance(by: .seconds(39))
        try await conversation.tellCustomers(at: desk.clock.now())
        #expect(telegram.calls.withLock { $0 } == 1, "retried before Telegram's forty seconds were over")
        desk.clock.advance(by: .seconds(1))
        for _ in 1...3 { try await conversation.tellCustomers(at: desk.clock.now()) }
        #expect(telegram.calls.withLock { $0 } == 2)
    }

    @Test(
        "are retried after a failure, but not for a customer who has blocked the bot",
        arguments: [(true, 1), (false, 2)]
    )
    func failures(isBlocked: Bool, calls: Int) async throws {
        let answer = isBlocked ? Self.blocked : (502, "bad gateway")
        let (desk, conversation, telegram) = try await world([answer])
        for _ in 1...3 {
            try await conversation.tellCustomers(at: desk.clock.now())
            desk.clock.advance(by: .seconds(31))
        }
        #expect(telegram.calls.withLock { $0 } == calls)
    }
}
