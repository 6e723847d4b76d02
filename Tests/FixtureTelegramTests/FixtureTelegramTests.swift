import FixtureTelegram
import HTTPMessages
import Seams
import StrictJSON
import Synchronization
import Testing

/// A bot's server that remembers its updates and answers as a test wants.
private final class Webhook: HTTPTransport {
    struct State {
        var updates: [JSONValue] = []
        var status = 200
        /// How many updates were posted, accepted or not.
        var attempts = 0
        var answer: @Sendable (JSONValue) -> JSONValue? = { _ in nil }
    }

    let state = Mutex(State())

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        guard let update = try? JSONValue(parsing: request.body) else { throw HTTPTransportError(.unreachable, "") }
        let (status, answer) = state.withLock { state in
            state.attempts += 1
            if state.status == 200 { state.updates.append(update) }
            return (state.status, state.answer(update))
        }
        return HTTPResponse(status: status, body: answer?.bytes ?? [])
    }

    func take() -> [JSONValue] {
        state.withLock { state in
            defer { state.updates = [] }
            return state.updates
        }
    }

    /// Approves every question.
    func agree() {
        state.withLock { state in
            state.answer = { update in
                if let query = update["pre_checkout_query"] {
                    return [
                        "method": "answerPreCheckoutQuery", "pre_checkout_query_id": query["id"] ?? "",
                        "ok": .bool(true),
                    ]
                }
                guard let query = update["shipping_query"] else { return nil }
                return [
                    "method": "answerShippingQuery", "shipping_query_id": query["id"] ?? "", "ok": .bool(true),
                    "shipping_options": [
                        ["id": "mail", "title": "Mail", "prices": [["label": "Mail", "amount": .integer(300)]]]
                    ],
                ]
            }
        }
    }
}

@Suite("The fixture's Telegram")
struct FixtureTelegramTests {
    private let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
    private let webhook = Webhook()
    private let telegram: FixtureTelegram
    private static let token = "1:bot"

    init() {
        telegram = FixtureTelegram(clock: clock, transport: webhook)
        telegram.addBot(token: Self.token, providerToken: "provider")
    }

    @discardableResult
    private func call(_ method: String, _ parameters: JSONValue = [:]) async throws -> JSONValue {
        let request = HTTPRequest(
            method: "POST",
            url: "/bot\(Self.token)/\(method)",
            fields: [HTTPField("Content-Type", "application/json")],
            body: parameters.bytes
        )
        return try JSONValue(parsing: await telegram.respond(to: request).body)
    }

    private func link(_ changes: [JSONValue.Member] = []) async throws -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("title", "Tea"), .init("description", "Tea"), .init("payload", "order"), .init("currency", "XTR"),
            .init("prices", [["label": "Tea", "amount": .integer(50)]]),
        ]
        for change in changes {
            members.removeAll { $0.key == change.key }
            members.append(change)
        }
        return try await call("createInvoiceLink", .object(members))
    }

    private func open(_ changes: [JSONValue.Member] = []) async throws -> String {
        try #require(try await link(changes)["result"]?.stringValue)
    }

    @Test(
        "refuses invoices in Telegram's words",
        arguments: [
            ("title", "", "INVOICE_TITLE_INVALID"), ("payload", "", "INVOICE_PAYLOAD_INVALID"),
            ("currency", "EUR", "PAYMENT_PROVIDER_INVALID"), ("provider_token", "x", "STARS_INVOICE_INVALID"),
            ("max_tip_amount", .integer(5), "STARS_INVOICE_INVALID"), ("prices", [], "CURRENCY_TOTAL_AMOUNT_INVALID"),
            ("prices", [["label": "Tea", "amount": .integer(0)]], "CURRENCY_TOTAL_AMOUNT_INVALID"),
            ("subscription_period", .integer(86_400), "SUBSCRIPTION_PERIOD_INVALID"),
        ] as [(String, JSONValue, String)]
    )
    func refusals(name: String, value: JSONValue, message: String) async throws {
        let answer = try await link([.init(name, value)])
        #expect(answer["ok"]?.boolValue == false)
        #expect(answer["description"]?.stringValue == "Bad Request: \(message)")
    }

    @Test("charges nothing when the bot does not answer within ten seconds")
    func preCheckoutLimit() async throws {
        try await call("setWebhook", ["url": "https://bot.example"])
        let link = try await open()
        async let outcome = telegram.pay(link: link, by: "alice")
        while webhook.state.withLock({ $0.updates.isEmpty }) { await Task.yield() }
        while clock.sleeperCount == 0 { await Task.yield() }
        clock.advance(by: .seconds(10))
        #expect(await outcome == .timedOut)
        let query = try #require(webhook.take().first?["pre_checkout_query"]?["id"])
        let late = try await call("answerPreCheckoutQuery", ["pre_checkout_query_id": query, "ok": .bool(true)])
        #expect(
            late["description"]?.stringValue
                == "Bad Request: query is too old and response timeout expired or query ID is invalid"
        )
        #expect(try await call("getMyStarBalance")["result"]?["amount"]?.integerValue == 0)
    }

    @Test("tries an update again with growing pauses, and forgets it after a day")
    func retries() async throws {
        try await call("setWebhook", ["url": "https://bot.example"])
        webhook.agree()
        _ = await telegram.pay(link: try await open(), by: "alice")
        _ = webhook.take()
        webhook.state.withLock { state in
            state.status = 500
            state.attempts = 0
        }
        await telegram.deliver()
        for (number, pause) in [2, 4, 8, 16, 32, 60, 60].enumerated() {
            clock.advance(by: .seconds(pause) - .milliseconds(1))
            await telegram.deliver()
            #expect(webhook.state.withLock { $0.attempts } == number + 1, "nothing comes before its time")
            clock.advance(by: .milliseconds(1))
            await telegram.deliver()
            #expect(webhook.state.withLock { $0.attempts } == number + 2)
        }
        clock.advance(by: .seconds(86_400))
        webhook.state.withLock { $0.status = 200 }
        #expect(await telegram.deliver() == 0)
    }

    @Test("adds the chosen way of shipping to the price, and names it in the payment")
    func shipping() async throws {
        try await call("setWebhook", ["url": "https://bot.example"])
        webhook.agree()
        let link = try await open([
            .init("currency", "EUR"), .init("provider_token", "provider"), .init("is_flexible", .bool(true)),
        ])
        guard case .paid = await telegram.pay(link: link, by: "alice") else {
            Issue.record("it was not paid")
            return
        }
        await telegram.deliver()
        let updates = webhook.take()
        #expect(updates.compactMap { $0["pre_checkout_query"]?["total_amount"]?.integerValue } == [350])
        let payment = try #require(updates.last?["message"]?["successful_payment"])
        #expect(payment["total_amount"]?.integerValue == 350)
        #expect(payment["shipping_option_id"]?.stringValue == "mail")
        #expect(payment["order_info"]?["shipping_address"]?["city"]?.stringValue == "Berlin")
    }

    @Test("charges a subscription again every thirty days until it is cancelled")
    func subscriptions() async throws {
        try await call("setWebhook", ["url": "https://bot.example"])
        webhook.agree()
        let link = try await open([.init("subscription_period", .integer(2_592_000))])
        guard case .paid(let charge) = await telegram.pay(link: link, by: "alice") else {
            Issue.record("it was not paid")
            return
        }
        func payments() async -> [JSONValue] {
            let worker = Task { await telegram.run() }
            while clock.sleeperCount == 0 { await Task.yield() }
            worker.cancel()
            await worker.value
            return webhook.take().compactMap { $0["message"]?["successful_payment"] }
        }
        let first = await payments()
        #expect(first.count == 1 && first[0]["is_first_recurring"]?.boolValue == true)
        #expect(first[0]["subscription_expiration_date"]?.integerValue == 1_802_592_000)
        clock.advance(by: .seconds(2_592_000))
        let second = await payments()
        #expect(second.count == 1 && second[0]["is_first_recurring"] == nil)
        #expect(second[0]["is_recurring"]?.boolValue == true)
        #expect(second[0]["telegram_payment_charge_id"]?.stringValue != charge)
        #expect(telegram.setSubscription(of: charge, to: "canceled"))
        clock.advance(by: .seconds(2_592_000))
        #expect(await payments().isEmpty)
        #expect(try await call("getMyStarBalance")["result"]?["amount"]?.integerValue == 100)
    }

    @Test("returns a charge once, and lists it with the identifier of the payment")
    func refunds() async throws {
        try await call("setWebhook", ["url": "https://bot.example"])
        webhook.agree()
        guard case .paid(let charge) = await telegram.pay(link: try await open(), by: "alice") else {
            Issue.record("it was not paid")
            return
        }
        let wish: JSONValue = ["user_id": .integer(5_000_000_001), "telegram_payment_charge_id": .string(charge)]
        #expect(try await call("refundStarPayment", wish)["ok"]?.boolValue == true)
        let again = try await call("refundStarPayment", wish)
        #expect(again["description"]?.stringValue == "Bad Request: CHARGE_ALREADY_REFUNDED")
        let lines = try #require(try await call("getStarTransactions")["result"]?["transactions"]?.arrayValue)
        #expect(lines.map { $0["id"]?.stringValue } == [charge, charge])
        #expect(lines.map { $0["source"] != nil } == [true, false])
        #expect(try await call("getMyStarBalance")["result"]?["amount"]?.integerValue == 0)
    }

    @Test("shows a withdrawal through Fragment, and its return when it fails")
    func withdrawals() async throws {
        telegram.addBot(token: Self.token, providerToken: nil, stars: 100)
        #expect(!telegram.withdraw(101, from: Self.token, isFailing: false))
        #expect(telegram.withdraw(40, from: Self.token, isFailing: false))
        #expect(telegram.withdraw(10, from: Self.token, isFailing: true))
        let lines = try #require(try await call("getStarTransactions")["result"]?["transactions"]?.arrayValue)
        #expect(
            lines.map { ($0["receiver"] ?? [:])["withdrawal_state"]?["type"]?.stringValue } == [
                "succeeded", "failed", nil,
            ]
        )
        #expect(lines[2]["source"]?["type"]?.stringValue == "fragment")
        #expect(try await call("getMyStarBalance")["result"]?["amount"]?.integerValue == 60)
    }

    @Test("takes parameters in the query, as a form, as multipart and as JSON")
    func parameterForms() async throws {
        let requests = [
            HTTPRequest(url: "/bot1:bot/sendMessage?chat_id=7&text=a%20b"),
            HTTPRequest(
                method: "POST",
                url: "/bot1:bot/sendmessage",
                fields: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("chat_id=7&text=a+b".utf8)
            ),
            HTTPRequest(
                method: "POST",
                url: "/bot1:bot/test/sendMessage",
                fields: [HTTPField("Content-Type", "multipart/form-data; boundary=XX")],
                body: Array(
                    """
                    --XX\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n7\r\n\
                    --XX\r\nContent-Disposition: form-data; name="text"\r\n\r\na b\r\n--XX--\r\n
                    """.utf8
                )
            ),
            HTTPRequest(
                method: "POST",
                url: "/bot1:bot/sendMessage",
                fields: [HTTPField("Content-Type", "application/json")],
                body: Array(#"{"chat_id": 7, "text": "a b"}"#.utf8)
            ),
        ]
        for request in requests {
            let answer = try JSONValue(parsing: await telegram.respond(to: request).body)
            #expect(answer["result"]?["text"]?.stringValue == "a b")
            #expect(answer["result"]?["chat"]?["id"]?.integerValue == 7)
        }
        let stranger = HTTPRequest(url: "/bot9:nobody/getMe")
        #expect(await telegram.respond(to: stranger).status == 401)
    }

    @Test("answers 429 with the seconds to wait, and 409 to polling beside a webhook")
    func limits() async throws {
        telegram.limitRate(times: 1)
        #expect(try await call("getMe")["parameters"]?["retry_after"]?.integerValue == 1)
        #expect(try await call("getMe")["ok"]?.boolValue == true)
        try await call("setWebhook", ["url": "https://bot.example", "allowed_updates": ["message"]])
        #expect(try await call("getUpdates")["error_code"]?.integerValue == 409)
        try await call("setWebhook", ["url": "https://other.example"])
        let info = try await call("getWebhookInfo")["result"]
        #expect(info?["allowed_updates"]?.arrayValue == ["message"], "left out, the list stays as it was")
    }
}
