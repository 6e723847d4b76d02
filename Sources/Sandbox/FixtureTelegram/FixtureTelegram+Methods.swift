package import HTTPMessages
import Seams
import StrictJSON
import Synchronization

/// The Bot API.
extension FixtureTelegram {
    /// Answers a request of the Bot API, with the time as Telegram's servers do.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        var response = await answer(to: request)
        if state.withLock({ $0.sendsDates }) { response.fields.append(HTTPField("Date", clock.now().httpDate)) }
        return response
    }

    private func answer(to request: HTTPRequest) async -> HTTPResponse {
        if state.withLock({ $0.fault == .outage }) {
            return HTTPResponse(status: 502, fields: [], body: Array("Bad Gateway".utf8))
        }
        guard var call = BotCall(request) else { return Self.failure(404, "Not Found") }
        guard let token = state.withLock({ $0.firstTokens[call.token] }) else {
            return Self.failure(401, "Unauthorized")
        }
        call.token = token
        state.withLock { $0.calls[call.method.lowercased(), default: 0] += 1 }
        let isLimited = state.withLock { state in
            defer { state.rateLimits = max(0, state.rateLimits - 1) }
            return state.rateLimits > 0
        }
        if isLimited {
            return Self.failure(429, "Too Many Requests: retry after 1", retryAfter: 1)
        }
        if call.method.lowercased() == "getupdates" { return await updates(call) }
        do { return Self.success(try answer(call)) } catch { return Self.failure(400, error.description) }
    }

    /// A refusal in Telegram's words.
    struct BadRequest: Error {
        let description: String

        init(_ reason: String) { description = "Bad Request: \(reason)" }
    }

    static func success(_ result: JSONValue) -> HTTPResponse {
        json(200, ["ok": .bool(true), "result": result])
    }

    static func failure(_ status: Int, _ description: String, retryAfter: Int64? = nil) -> HTTPResponse {
        var members: [JSONValue.Member] = [
            .init("ok", .bool(false)), .init("error_code", .integer(Int64(status))),
            .init("description", .string(description)),
        ]
        if let retryAfter { members.append(.init("parameters", ["retry_after": .integer(retryAfter)])) }
        return json(status, .object(members))
    }

    private static func json(_ status: Int, _ value: JSONValue) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: value.bytes)
    }

    private func answer(_ call: BotCall) throws(BadRequest) -> JSONValue {
        // Method names are case-insensitive.
        switch call.method.lowercased() {
        case "getme": return me(call)
        case "createinvoicelink": return .string("https://t.me/$" + (try createInvoice(call)))
        case "sendinvoice": return try sendInvoice(call)
        case "answerprecheckoutquery": return try answerQuery(call, "pre_checkout_query_id")
        case "answershippingquery": return try answerQuery(call, "shipping_query_id")
        case "refundstarpayment": return try refund(call)
        case "getstartransactions": return try starTransactions(call)
        case "getmystarbalance": return ["amount": .integer(state.withLock { $0.bots[call.token]?.stars ?? 0 })]
        case "edituserstarsubscription": return try editSubscription(call)
        case "setwebhook": return try setWebhook(call)
        case "deletewebhook":
            state.withLock { $0.bots[call.token]?.webhook = nil }
            return .bool(true)
        case "getwebhookinfo": return webhookInfo(call)
        case "sendpaidmedia": return try sendPaidMedia(call)
        case "sendmessage": return sentMessage(call)
        default: throw BadRequest("method not found")
        }
    }

    private func me(_ call: BotCall) -> JSONValue {
        let id = state.withLock { $0.bots[call.token]?.id ?? 0 }
        return [
            "id": .integer(id), "is_bot": .bool(true), "first_name": "Sandbox", "username": "sandbox_bot",
            "can_join_groups": .bool(false), "can_read_all_group_messages": .bool(false),
            "supports_inline_queries": .bool(false),
        ]
    }

    private func sentMessage(_ call: BotCall) -> JSONValue {
        let now = clock.now()
        return state.withLock { state in
            state.said.append((call.token, call.integer("chat_id") ?? 0, call.text("text") ?? ""))
            return [
                "message_id": .integer(state.next()), "date": .integer(now.seconds),
                "chat": state.chatJSON(call.integer("chat_id") ?? 0), "text": .string(call.text("text") ?? ""),
            ]
        }
    }

    // MARK: - Invoices

    private static let needs: Set = ["need_name", "need_email", "need_phone_number", "need_shipping_address"]

    private func createInvoice(_ call: BotCall) throws(BadRequest) -> String {
        guard let title = call.text("title"), (1...32).contains(title.count) else {
            throw BadRequest("INVOICE_TITLE_INVALID")
        }
        guard let summary = call.text("description"), (1...255).contains(summary.count) else {
            throw BadRequest("INVOICE_DESCRIPTION_INVALID")
        }
        guard let payload = call.text("payload"), (1...128).contains(payload.utf8.count) else {
            throw BadRequest("INVOICE_PAYLOAD_INVALID")
        }
        let amounts = call.json("prices")?.arrayValue?.map { $0["amount"]?.integerValue } ?? []
        guard !amounts.isEmpty, amounts.allSatisfy({ $0 != nil }) else {
            throw BadRequest("CURRENCY_TOTAL_AMOUNT_INVALID")
        }
        let total = amounts.compactMap(\.self).reduce(0, &+)
        guard total > 0 else { throw BadRequest("CURRENCY_TOTAL_AMOUNT_INVALID") }
        let currency = call.text("currency") ?? ""
        let token = call.text("provider_token") ?? ""
        let maximumTip = call.integer("max_tip_amount") ?? 0
        if currency == "XTR" {
            guard token.isEmpty else { throw BadRequest("STARS_INVOICE_INVALID") }
            guard amounts.count == 1, maximumTip == 0 else { throw BadRequest("STARS_INVOICE_INVALID") }
            guard total <= 100_000 else { throw BadRequest("CURRENCY_TOTAL_AMOUNT_INVALID") }
        } else {
            let known = state.withLock { $0.bots[call.token]?.providerToken }
            guard !token.isEmpty, token == known else { throw BadRequest("PAYMENT_PROVIDER_INVALID") }
            guard currency.utf8.count == 3 else { throw BadRequest("CURRENCY_INVALID") }
        }
        let period = call.integer("subscription_period")
        if let period {
            guard currency == "XTR", period == Self.subscriptionPeriod else {
                throw BadRequest("SUBSCRIPTION_PERIOD_INVALID")
            }
            guard total <= 10_000 else { throw BadRequest("SUBSCRIPTION_AMOUNT_INVALID") }
        }
        let invoice = TelegramState.Invoice(
            bot: call.token,
            title: title,
            payload: payload,
            currency: currency,
            total: total,
            isFlexible: call.flag("is_flexible"),
            maximumTip: maximumTip,
            // Telegram asks customers for no data when they pay Stars (Bot API, `createInvoiceLink`).
            needs: currency == "XTR" ? [] : Self.needs.filter { call.flag($0) },
            subscriptionPeriod: period
        )
        return state.withLock { state in
            let slug = "sandbox\(state.next())"
            state.invoices[slug] = invoice
            return slug
        }
    }

    private func sendInvoice(_ call: BotCall) throws(BadRequest) -> JSONValue {
        let slug = try createInvoice(call)
        let now = clock.now()
        return state.withLock { state in
            let invoice = state.invoices[slug]
            return [
                "message_id": .integer(state.next()), "date": .integer(now.seconds),
                "chat": state.chatJSON(call.integer("chat_id") ?? 0),
                "invoice": [
                    "title": .string(invoice?.title ?? ""), "description": .string(call.text("description") ?? ""),
                    "start_parameter": .string(slug), "currency": .string(invoice?.currency ?? ""),
                    "total_amount": .integer(invoice?.total ?? 0),
                ],
            ]
        }
    }

    private func answerQuery(_ call: BotCall, _ name: String) throws(BadRequest) -> JSONValue {
        guard let id = call.text(name) else { throw BadRequest("\(name) is empty") }
        let isAgreed = call.flag("ok")
        let message = call.text("error_message")
        guard isAgreed || !(message ?? "").isEmpty else { throw BadRequest("error_message is empty") }
        let options = call.json("shipping_options")?.arrayValue ?? []
        guard name != "shipping_query_id" || !isAgreed || !options.isEmpty else {
            throw BadRequest("SHIPPING_OPTIONS_EMPTY")
        }
        guard answers.answer(id, .init(refusal: isAgreed ? nil : message, shippingOptions: options)) else {
            throw BadRequest("query is too old and response timeout expired or query ID is invalid")
        }
        return .bool(true)
    }

    // MARK: - Updates

    private func setWebhook(_ call: BotCall) throws(BadRequest) -> JSONValue {
        let url = call.text("url") ?? ""
        let secret = call.text("secret_token") ?? ""
        let isSecret =
            secret.utf8.count <= 256
            && secret.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
        guard isSecret else { throw BadRequest("secret token contains unallowed characters") }
        state.withLock { state in
            let kept = state.bots[call.token]?.webhook?.allowedUpdates ?? []
            // If the list is left out, it stays as it was.
            let allowed = call.json("allowed_updates")?.arrayValue ?? kept
            let webhook = TelegramState.Webhook(url: url, secret: secret, allowedUpdates: allowed)
            state.bots[call.token]?.webhook = url.isEmpty ? nil : webhook
        }
        return .bool(true)
    }

    private func webhookInfo(_ call: BotCall) -> JSONValue {
        state.withLock { state in
            let bot = state.bots[call.token]
            return [
                "url": .string(bot?.webhook?.url ?? ""), "has_custom_certificate": .bool(false),
                "pending_update_count": .integer(Int64(bot?.updates.count ?? 0)),
                "allowed_updates": .array(bot?.webhook?.allowedUpdates ?? []),
            ]
        }
    }

    private func updates(_ call: BotCall) async -> HTTPResponse {
        guard state.withLock({ $0.bots[call.token]?.webhook == nil }) else {
            return Self.failure(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        }
        let offset = call.integer("offset") ?? 0
        let limit = Int(clamping: call.integer("limit") ?? 100)
        let deadline = clock.now().advanced(by: .seconds(min(max(call.integer("timeout") ?? 0, 0), 50)))
        while true {
            let now = clock.now()
            let piece = state.withLock { state -> [JSONValue] in
                state.bots[call.token]?.updates.removeAll { now.since($0.createdAt) > $0.lifetime }
                if offset > 0 { state.bots[call.token]?.updates.removeAll { $0.id < offset } }
                let updates = state.bots[call.token]?.updates ?? []
                return updates.filter { $0.id >= offset }.prefix(max(1, min(limit, 100))).map(\.body)
            }
            if !piece.isEmpty || clock.now() >= deadline { return Self.success(.array(piece)) }
            do { try await clock.sleep(for: .milliseconds(20)) } catch { return Self.success([]) }
        }
    }
}
