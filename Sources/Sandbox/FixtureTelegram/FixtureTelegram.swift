package import HTTPMessages
package import Seams
package import StrictJSON
import Synchronization

/// A Telegram for tests: bots, customers, invoices and Stars, with the real methods, texts and limits.
///
/// It has no sockets of its own: ``respond(to:)`` answers requests of the Bot API from any source, and updates leave
/// through the transport that it was given. The same calls give the same identifiers.
package final class FixtureTelegram: Sendable {
    /// How updates misbehave.
    package enum Fault: String, Hashable, Sendable, CaseIterable {
        case none
        /// Updates about payments are lost.
        case drop
        /// They come twice, and a third time with another number.
        case duplicate
        /// They are held back, and delivered in reverse order when the fault ends.
        case reorder
        /// Every call is answered by a proxy in front of Telegram, and not by Telegram.
        case outage
    }

    /// The outcome of a customer's attempt to pay.
    package enum Outcome: Hashable, Sendable {
        /// It was charged.
        case paid(chargeID: String)
        /// The bot refused; the customer read this message.
        case declined(message: String)
        /// The bot did not answer within ten seconds; nothing was charged.
        case timedOut
        /// The link leads nowhere.
        case unknownLink
    }

    /// How long a bot may take to answer a pre-checkout query (Bot API, `answerPreCheckoutQuery`).
    static let answerLimit = Duration.seconds(10)
    /// How long an update waits for a bot that cannot be reached (Bot API, "Getting updates").
    static let updateLifetime = Duration.seconds(86_400)
    /// How long a query is delivered: after ten seconds nobody can answer it in time, and after this long it is
    /// dropped.
    static let queryLifetime = Duration.seconds(150)

    let clock: any WallClock
    let transport: any HTTPTransport
    let state = Mutex(TelegramState())
    let answers = AnswerBoard()

    /// A Telegram without bots.
    ///
    /// - Parameters:
    ///   - clock: the clock.
    ///   - transport: the transport to the bots' webhooks.
    package init(clock: any WallClock, transport: any HTTPTransport) {
        self.clock = clock
        self.transport = transport
    }

    /// Adds a bot.
    ///
    /// - Parameters:
    ///   - token: `<digits>:<letters>`, as BotFather gives it.
    ///   - providerToken: the payment provider token that it may use.
    ///   - stars: the balance of its Star account.
    package func addBot(token: String, providerToken: String?, stars: Int64 = 0) {
        let id = token.split(separator: ":").first.flatMap { Int64($0) } ?? 1
        state.withLock { state in
            state.bots[token] = TelegramState.Bot(id: id, token: token, providerToken: providerToken, stars: stars)
            state.firstTokens[token] = token
        }
    }

    /// Gives a bot another token, as BotFather's `/revoke` does; the old token stops working.
    ///
    /// - Returns: whether there is a bot with the old token.
    package func renewToken(_ old: String, to new: String) -> Bool {
        state.withLock { state in
            guard let bot = state.firstTokens.removeValue(forKey: old) else { return false }
            state.firstTokens[new] = bot
            state.bots[bot]?.webhook = nil
            return true
        }
    }

    /// Sets how updates about payments misbehave from here on.
    package func set(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            guard fault == .none else { return }
            for token in state.bots.keys.sorted() {
                let held = state.bots[token]?.held.reversed() ?? []
                state.bots[token]?.updates += held
                state.bots[token]?.held = []
            }
        }
    }

    /// Sets whether answers carry the time.
    package func setDates(_ areSent: Bool) { state.withLock { $0.sendsDates = areSent } }

    /// Answers the next calls with 429.
    package func limitRate(times: Int) { state.withLock { $0.rateLimits = times } }

    /// How often a method of the Bot API was called.
    package func calls(of method: String) -> Int { state.withLock { $0.calls[method.lowercased()] ?? 0 } }

    /// A user writes to a bot; `language` is that of the user's app.
    package func write(_ text: String, to token: String, by user: String, language: String = "en") {
        let now = clock.now()
        state.withLock { state in
            let id = state.user(user)
            state.languages[id] = language
            state.enqueue("message", state.message("text", .string(text), user: id, at: now), to: token, at: now)
        }
    }

    /// The address of a bot's webhook and its secret; returns nil when it has no webhook.
    package func webhook(of token: String) -> (url: String, secret: String)? {
        state.withLock { state in state.bots[token]?.webhook.map { ($0.url, $0.secret) } }
    }

    /// The messages of bots to a user, the oldest first.
    package func said(to user: String) -> [String] {
        state.withLock { state in
            let id = state.user(user)
            return state.said.filter { $0.chat == id }.map(\.text)
        }
    }

    /// The messages in a chat with the bots that sent them, the oldest first.
    package func said(in chat: Int64) -> [(bot: String, text: String)] {
        state.withLock { state in state.said.filter { $0.chat == chat }.map { ($0.bot, $0.text) } }
    }

    /// Sets the data that a user gives when a bot asks (`OrderInfo`).
    package func tell(_ order: JSONValue, by user: String) {
        state.withLock { state in
            let id = state.user(user)
            state.customers[id] = order
        }
    }

    /// A customer opens an invoice link and confirms.
    ///
    /// - Parameters:
    ///   - link: the link.
    ///   - user: the payer, by name.
    ///   - tip: a tip on top, in smallest units.
    ///   - isAgreed: whether the bot's owner answers the pre-checkout query before the bot's webhook does.
    /// - Returns: the outcome.
    package func pay(link: String, by user: String, tip: Int64 = 0, isAgreed: Bool = false) async -> Outcome {
        let slug = link.split(separator: "$").last.map { String($0) } ?? ""
        let found: TelegramState.Order? = state.withLock { state in
            guard let invoice = state.invoices[slug] else { return nil }
            let id = state.user(user)
            return TelegramState.Order(
                invoice: invoice,
                user: id,
                total: invoice.total + min(tip, invoice.maximumTip),
                customer: state.customers[id] ?? TelegramState.Order.customer(user)
            )
        }
        guard var order = found else { return .unknownLink }
        let invoice = order.invoice
        if invoice.isFlexible {
            let answer = await ask(
                "shipping_query",
                [
                    .init("invoice_payload", .string(invoice.payload)),
                    .init("shipping_address", order.customer["shipping_address"] ?? [:]),
                ],
                order
            )
            guard let answer else { return .timedOut }
            if let message = answer.refusal { return .declined(message: message) }
            order.choose(answer.shippingOptions.first ?? [:])
        }
        let answer = await ask(
            "pre_checkout_query",
            [
                .init("currency", .string(invoice.currency)), .init("total_amount", .integer(order.total)),
                .init("invoice_payload", .string(invoice.payload)),
            ] + order.details,
            order,
            isAgreed: isAgreed
        )
        guard let answer else { return .timedOut }
        if let message = answer.refusal { return .declined(message: message) }
        return .paid(chargeID: charge(order))
    }

    /// Asks the bot and waits for its answer, ten seconds at most.
    private func ask(
        _ kind: String,
        _ members: [JSONValue.Member],
        _ order: TelegramState.Order,
        isAgreed: Bool = false
    ) async -> AnswerBoard.Answer? {
        let (user, invoice) = (order.user, order.invoice)
        let (id, body): (String, JSONValue) = state.withLock { state in
            let id = "\(7_000_000_000 + state.next())"
            let query = [JSONValue.Member("id", .string(id)), .init("from", state.userJSON(user))] + members
            let update: JSONValue = .object([
                .init("update_id", .integer(state.next())), .init(kind, .object(query)),
            ])
            return (id, update)
        }
        answers.expect(id)
        if isAgreed { _ = answers.answer(id, AnswerBoard.Answer(refusal: nil)) }
        let webhook = state.withLock { $0.bots[invoice.bot]?.webhook }
        if let webhook {
            _ = await post(body, to: webhook)
        } else {
            let now = clock.now()
            let number = body["update_id"]?.integerValue ?? 0
            state.withLock { state in
                state.bots[invoice.bot]?.updates.append(
                    TelegramState.QueuedUpdate(
                        id: number,
                        body: body,
                        createdAt: now,
                        lifetime: Self.queryLifetime,
                        nextAttemptAt: now
                    )
                )
            }
        }
        return await answers.wait(for: id, until: Self.answerLimit, by: clock)
    }
}
