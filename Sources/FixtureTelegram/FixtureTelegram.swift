public import HTTPTransport
public import Seams
import StrictJSON
import Synchronization

/// A Telegram for tests: bots, customers, invoices and Stars, with the real methods, texts and limits.
///
/// It has no sockets of its own: ``respond(to:)`` takes a request of the Bot API from wherever it came, and updates leave
/// through the transport that it was given. The same calls give the same identifiers.
public final class FixtureTelegram: Sendable {
    /// How updates misbehave.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        case none
        /// Updates about payments are lost.
        case drop
        /// They come twice, and a third time with another number.
        case duplicate
        /// They are held back, and come the last one first when the fault is over.
        case reorder
    }

    /// What became of a customer's attempt to pay.
    public enum Outcome: Hashable, Sendable {
        /// It was charged.
        case paid(chargeID: String)
        /// The bot refused, with what the customer read.
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

    let clock: any WallClock
    let transport: any HTTPTransport
    let state = Mutex(TelegramState())
    let answers = AnswerBoard()

    /// A Telegram without bots.
    ///
    /// - Parameters:
    ///   - clock: the clock.
    ///   - transport: the way to the bots' webhooks.
    public init(clock: any WallClock, transport: any HTTPTransport) {
        self.clock = clock
        self.transport = transport
    }

    /// Adds a bot.
    ///
    /// - Parameters:
    ///   - token: `<digits>:<letters>`, as BotFather gives it.
    ///   - providerToken: the payment provider token that it may use.
    ///   - stars: what is on its Star account.
    public func addBot(token: String, providerToken: String?, stars: Int64 = 0) {
        let id = token.split(separator: ":").first.flatMap { Int64($0) } ?? 1
        state.withLock { state in
            state.bots[token] = TelegramState.Bot(id: id, token: token, providerToken: providerToken, stars: stars)
        }
    }

    /// Has updates about payments misbehave from here on.
    public func set(_ fault: Fault) {
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

    /// Answers the next calls with 429.
    public func limitRate(times: Int) { state.withLock { $0.rateLimits = times } }

    /// Has the next refunds take effect and answer `CHARGE_ALREADY_REFUNDED` all the same.
    public func lieAboutRefunds(times: Int) { state.withLock { $0.lyingRefunds = times } }

    /// Takes Stars back from a bot without telling it, as an app store's chargeback does.
    public func chargeBack(_ stars: Int64, from token: String) {
        state.withLock { $0.bots[token]?.stars -= stars }
    }

    /// A customer opens an invoice link and confirms.
    ///
    /// - Parameters:
    ///   - link: the link.
    ///   - user: who pays, by name.
    ///   - tip: what is added, in smallest units.
    /// - Returns: what became of it.
    public func pay(link: String, by user: String, tip: Int64 = 0) async -> Outcome {
        let slug = link.split(separator: "$").last.map { String($0) } ?? ""
        let found: (TelegramState.Invoice, Int64)? = state.withLock { state in
            guard let invoice = state.invoices[slug] else { return nil }
            return (invoice, state.user(user))
        }
        guard let (invoice, userID) = found else { return .unknownLink }
        let total = invoice.total + min(tip, invoice.maximumTip)
        if invoice.isFlexible {
            let address: JSONValue = [
                "country_code": "DE", "state": "", "city": "Berlin", "street_line1": "Unter den Linden 1",
                "street_line2": "", "post_code": "10117",
            ]
            let answer = await ask(
                "shipping_query",
                [.init("invoice_payload", .string(invoice.payload)), .init("shipping_address", address)],
                userID,
                invoice
            )
            guard let answer else { return .timedOut }
            if let message = answer.refusal { return .declined(message: message) }
        }
        let answer = await ask(
            "pre_checkout_query",
            [
                .init("currency", .string(invoice.currency)), .init("total_amount", .integer(total)),
                .init("invoice_payload", .string(invoice.payload)),
            ],
            userID,
            invoice
        )
        guard let answer else { return .timedOut }
        if let message = answer.refusal { return .declined(message: message) }
        return .paid(chargeID: charge(invoice, total, userID))
    }

    /// Asks the bot and waits for its answer, ten seconds at most.
    private func ask(
        _ kind: String,
        _ members: [JSONValue.Member],
        _ user: Int64,
        _ invoice: TelegramState.Invoice
    ) async -> AnswerBoard.Answer? {
        let (id, body): (String, JSONValue) = state.withLock { state in
            let id = "\(7_000_000_000 + state.next())"
            let query = [JSONValue.Member("id", .string(id)), .init("from", state.userJSON(user))] + members
            let update: JSONValue = .object([
                .init("update_id", .integer(state.next())), .init(kind, .object(query)),
            ])
            return (id, update)
        }
        answers.expect(id)
        let webhook = state.withLock { $0.bots[invoice.bot]?.webhook }
        if let webhook {
            _ = await post(body, to: webhook)
        } else {
            let now = clock.now()
            let number = body["update_id"]?.integerValue ?? 0
            state.withLock { state in
                state.bots[invoice.bot]?.updates.append(
                    TelegramState.QueuedUpdate(id: number, body: body, createdAt: now, nextAttemptAt: now)
                )
            }
        }
        return await answers.wait(for: id, until: Self.answerLimit, by: clock)
    }

    private func charge(_ invoice: TelegramState.Invoice, _ total: Int64, _ user: Int64) -> String {
        let now = clock.now()
        return state.withLock { state in
            let isStars = invoice.currency == "XTR"
            let id = (isStars ? "stx" : "tch") + "_\(state.next())_\(user)"
            state.charges[id] = TelegramState.Charge(
                bot: invoice.bot,
                user: user,
                currency: invoice.currency,
                amount: total,
                payload: invoice.payload
            )
            if isStars {
                state.bots[invoice.bot]?.stars += total
                let partner: JSONValue = [
                    "type": "user", "transaction_type": "invoice_payment", "user": state.userJSON(user),
                    "invoice_payload": .string(invoice.payload),
                ]
                state.bots[invoice.bot]?.lines.append(
                    TelegramState.Line(id: id, amount: total, date: now.seconds, isIncoming: true, partner: partner)
                )
            }
            let payment: JSONValue = [
                "currency": .string(invoice.currency),
                "total_amount": .integer(total),
                "invoice_payload": .string(invoice.payload),
                "telegram_payment_charge_id": .string(id),
                "provider_payment_charge_id": .string(isStars ? "\(user)_\(id)" : "prov_\(id)"),
            ]
            let message = state.message("successful_payment", payment, user: user, at: now)
            state.enqueue("message", message, to: invoice.bot, at: now)
            return id
        }
    }
}
