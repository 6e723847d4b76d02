import Seams
import StrictJSON
import Synchronization

/// Charges, and the transactions of a bot's Star account.
extension FixtureTelegram {
    /// The only period that a subscription may have, 30 days (Bot API, `createInvoiceLink`).
    static let subscriptionPeriod: Int64 = 2_592_000

    /// Charges a customer and sends the bot an update.
    ///
    /// - Returns: the charge's identifier.
    func charge(_ order: TelegramState.Order, renewing first: String? = nil) -> String {
        let now = clock.now()
        return state.withLock { state in
            let isStars = order.invoice.currency == "XTR"
            let id = (isStars ? "stx" : "tch") + "_\(state.next())_\(order.user)"
            var charge = TelegramState.Charge(
                bot: order.invoice.bot,
                user: order.user,
                currency: order.invoice.currency,
                amount: order.total,
                payload: order.invoice.payload
            )
            var details = order.details
            if let period = order.invoice.subscriptionPeriod {
                let expiresAt = now.seconds + period
                details.append(.init("subscription_expiration_date", .integer(expiresAt)))
                details.append(.init("is_recurring", .bool(true)))
                if let first {
                    state.charges[first]?.subscription?.expiresAt = expiresAt
                } else {
                    charge.subscription = .init(order: order, expiresAt: expiresAt)
                    details.append(.init("is_first_recurring", .bool(true)))
                }
            }
            state.charges[id] = charge
            if isStars {
                state.bots[charge.bot]?.stars += charge.amount
                state.append(charge, id, isIncoming: true, at: now)
            }
            let payment: [JSONValue.Member] = [
                .init("currency", .string(charge.currency)),
                .init("total_amount", .integer(charge.amount)),
                .init("invoice_payload", .string(charge.payload)),
                .init("telegram_payment_charge_id", .string(id)),
                .init("provider_payment_charge_id", .string(isStars ? "\(order.user)_\(id)" : "prov_\(id)")),
            ]
            let message = state.message("successful_payment", .object(payment + details), user: order.user, at: now)
            state.enqueue("message", message, to: charge.bot, at: now)
            return id
        }
    }

    func refund(_ call: BotCall) throws(BadRequest) -> JSONValue {
        guard let id = call.text("telegram_payment_charge_id"), !id.isEmpty else { throw BadRequest("CHARGE_ID_EMPTY") }
        let user = call.integer("user_id")
        let now = clock.now()
        let outcome: Result<JSONValue, BadRequest> = state.withLock { state in
            guard var charge = state.charges[id], charge.bot == call.token, charge.currency == "XTR",
                charge.user == user
            else { return .failure(BadRequest("CHARGE_NOT_FOUND")) }
            guard !charge.isRefunded else { return .failure(BadRequest("CHARGE_ALREADY_REFUNDED")) }
            guard state.bots[call.token]?.stars ?? 0 >= charge.amount else {
                return .failure(BadRequest("BALANCE_TOO_LOW"))
            }
            charge.isRefunded = true
            state.charges[id] = charge
            state.bots[call.token]?.stars -= charge.amount
            // The transaction of a refund has the identifier of the payment.
            state.append(charge, id, isIncoming: false, at: now)
            let refunded: JSONValue = [
                "currency": "XTR", "total_amount": .integer(charge.amount),
                "invoice_payload": .string(charge.payload), "telegram_payment_charge_id": .string(id),
            ]
            let message = state.message("refunded_payment", refunded, user: charge.user, at: now)
            state.enqueue("message", message, to: call.token, at: now)
            return .success(.bool(true))
        }
        return try outcome.get()
    }

    func starTransactions(_ call: BotCall) throws(BadRequest) -> JSONValue {
        let offset = Int(clamping: call.integer("offset") ?? 0)
        let limit = Int(clamping: call.integer("limit") ?? 100)
        guard offset >= 0, (1...100).contains(limit) else { throw BadRequest("LIMIT_INVALID") }
        let lines = state.withLock { $0.bots[call.token]?.lines ?? [] }
        let piece = lines.dropFirst(offset).prefix(limit).map { line -> JSONValue in
            [
                "id": .string(line.id), "amount": .integer(line.amount), "date": .integer(line.date),
                line.isIncoming ? "source" : "receiver": line.partner,
            ]
        }
        return ["transactions": .array(piece)]
    }

    // MARK: - Subscriptions

    /// Charges again for every subscription whose period is over, unless it was cancelled.
    func renewSubscriptions() {
        let now = clock.now().seconds
        let due = state.withLock { state in
            state.charges.filter { _, charge in
                guard let subscription = charge.subscription else { return false }
                return !subscription.isCancelled && !charge.isRefunded && subscription.expiresAt <= now
            }
        }
        for (id, charge) in due.sorted(by: { $0.key < $1.key }) {
            guard let subscription = charge.subscription else { continue }
            _ = self.charge(subscription.order, renewing: id)
        }
    }

    func editSubscription(_ call: BotCall) throws(BadRequest) -> JSONValue {
        let id = call.text("telegram_payment_charge_id") ?? ""
        let isCancelled = call.flag("is_canceled")
        let isKnown = state.withLock { state in
            guard let charge = state.charges[id], charge.bot == call.token, charge.user == call.integer("user_id"),
                charge.subscription != nil
            else { return false }
            state.charges[id]?.subscription?.isCancelled = isCancelled
            return true
        }
        guard isKnown else { throw BadRequest("CHARGE_NOT_FOUND") }
        return .bool(true)
    }

    /// A customer cancels or resumes a subscription, or its payment fails; the bot gets an update.
    ///
    /// - Parameters:
    ///   - charge: the charge that began the subscription.
    ///   - word: `canceled`, `active` or `failed`.
    /// - Returns: whether there is such a subscription.
    package func setSubscription(of charge: String, to word: String) -> Bool {
        let now = clock.now()
        return state.withLock { state in
            guard ["canceled", "active", "failed"].contains(word), let known = state.charges[charge],
                known.subscription != nil
            else { return false }
            state.charges[charge]?.subscription?.isCancelled = word != "active"
            let update: JSONValue = [
                "user": state.userJSON(known.user), "invoice_payload": .string(known.payload), "state": .string(word),
            ]
            state.enqueue("subscription", update, to: known.bot, at: now)
            return true
        }
    }

    // MARK: - Without the bot's request

    /// Takes Stars back from a bot without an update, as an app store's chargeback does.
    package func chargeBack(_ stars: Int64, from token: String) {
        state.withLock { $0.bots[token]?.stars -= stars }
    }

    /// The bot's owner withdraws Stars through Fragment.
    ///
    /// - Parameters:
    ///   - stars: how many.
    ///   - token: the bot.
    ///   - isFailing: whether the withdrawal fails and the Stars come back.
    /// - Returns: whether the bot had that many.
    package func withdraw(_ stars: Int64, from token: String, isFailing: Bool) -> Bool {
        let now = clock.now()
        return state.withLock { state in
            guard stars > 0, let bot = state.bots[token], bot.stars >= stars else { return false }
            let word: JSONValue =
                isFailing
                ? ["type": "failed"]
                : [
                    "type": "succeeded", "date": .integer(now.seconds), "url": "https://fragment.com/",
                ]
            let out: JSONValue = ["type": "fragment", "withdrawal_state": word]
            state.append("wdr_\(state.next())", stars, to: token, partner: out, isIncoming: false, at: now)
            if isFailing {
                let back: JSONValue = ["type": "fragment"]
                state.append("wdr_\(state.next())", stars, to: token, partner: back, isIncoming: true, at: now)
            } else {
                state.bots[token]?.stars -= stars
            }
            return true
        }
    }
}

extension TelegramState {
    /// Adds a transaction about a charge to the bot's Star account.
    mutating func append(_ charge: Charge, _ id: String, isIncoming: Bool, at now: Timestamp) {
        var partner: [JSONValue.Member] = [
            .init("type", "user"), .init("transaction_type", "invoice_payment"), .init("user", userJSON(charge.user)),
            .init("invoice_payload", .string(charge.payload)),
        ]
        if charge.subscription != nil {
            partner.append(.init("subscription_period", .integer(FixtureTelegram.subscriptionPeriod)))
        }
        append(id, charge.amount, to: charge.bot, partner: .object(partner), isIncoming: isIncoming, at: now)
    }

    mutating func append(
        _ id: String,
        _ amount: Int64,
        to token: String,
        partner: JSONValue,
        isIncoming: Bool,
        at now: Timestamp
    ) {
        bots[token]?.lines.append(
            Line(id: id, amount: amount, date: now.seconds, isIncoming: isIncoming, partner: partner)
        )
    }
}
