import Seams
import StrictJSON

/// The state of the fixture's Telegram.
struct TelegramState: Sendable {
    /// How often each method was called, by its name in lower case.
    var calls: [String: Int] = [:]

    /// A bot.
    struct Bot: Sendable {
        let id: Int64
        let token: String
        let providerToken: String?
        var stars: Int64 = 0
        var webhook: Webhook?
        /// The updates that wait for delivery, in order.
        var updates: [QueuedUpdate] = []
        var lines: [Line] = []
        var held: [QueuedUpdate] = []
    }

    /// A bot's webhook.
    struct Webhook: Sendable {
        let url: String
        let secret: String
        let allowedUpdates: [JSONValue]
    }

    /// An update that waits.
    struct QueuedUpdate: Sendable {
        let id: Int64
        let body: JSONValue
        let createdAt: Timestamp
        var lifetime = FixtureTelegram.updateLifetime
        var attempts = 0
        var nextAttemptAt: Timestamp
    }

    /// One line of a bot's Star account.
    struct Line: Sendable {
        let id: String
        let amount: Int64
        let date: Int64
        let isIncoming: Bool
        let partner: JSONValue
    }

    /// The invoice behind a link.
    struct Invoice: Sendable {
        let bot: String
        let title: String
        let payload: String
        let currency: String
        let total: Int64
        let isFlexible: Bool
        let maximumTip: Int64
        /// The data that the customer is asked for: `need_name`, `need_email`, `need_phone_number`,
        /// `need_shipping_address`.
        var needs: Set<String> = []
        /// The period of a subscription that is paid with it, in seconds; nil when it is no subscription.
        let subscriptionPeriod: Int64?
    }

    /// A payment that a customer is about to make.
    struct Order: Sendable {
        let invoice: Invoice
        let user: Int64
        var total: Int64
        /// The way of shipping that the customer chose.
        private var shippingOption: JSONValue?
        /// All data that the customer would give (`OrderInfo`).
        let customer: JSONValue

        /// The customer's choices and data, as the query and the payment carry them: only those that the bot has asked
        /// for.
        var details: [JSONValue.Member] {
            let told = (customer.members ?? []).filter { member in
                let isAsked = invoice.needs.contains("need_\(member.key)")
                return isAsked || (member.key == "shipping_address" && invoice.isFlexible)
            }
            return (shippingOption.map { [.init("shipping_option_id", $0)] } ?? [])
                + (told.isEmpty ? [] : [.init("order_info", .object(told))])
        }

        init(invoice: Invoice, user: Int64, total: Int64, customer: JSONValue) {
            self.invoice = invoice
            self.user = user
            self.total = total
            self.customer = customer
        }

        /// The data that a user gives by default (`OrderInfo`), by name.
        static func customer(_ name: String) -> JSONValue {
            [
                "name": .string(name), "phone_number": "4930123456", "email": .string("\(name)@example.org"),
                "shipping_address": address,
            ]
        }

        /// The address of every user.
        private static let address: JSONValue = [
            "country_code": "DE", "state": "", "city": "Berlin", "street_line1": "Unter den Linden 1",
            "street_line2": "", "post_code": "10117",
        ]

        /// Chooses a way of shipping and adds its prices.
        mutating func choose(_ option: JSONValue) {
            for price in option["prices"]?.arrayValue ?? [] { total += price["amount"]?.integerValue ?? 0 }
            shippingOption = option["id"]
        }
    }

    /// A payment that was made.
    struct Charge: Sendable {
        let bot: String
        let user: Int64
        let currency: String
        let amount: Int64
        let payload: String
        var isRefunded = false
        var subscription: Subscription?
    }

    /// A subscription, by the charge that began it.
    struct Subscription: Sendable {
        let order: Order
        /// When it ends unless it is paid again, in seconds since 1970.
        var expiresAt: Int64
        /// Whether it ends then.
        var isCancelled = false
    }

    /// Media that a bot sells in a chat.
    struct Media: Sendable {
        let bot: String
        let chat: String
        let stars: Int64
        let payload: String
    }

    /// Media by the number of their message.
    var media: [Int64: Media] = [:]
    /// Whether answers carry the time.
    var sendsDates = true
    /// The bots, by the token that each was made with.
    var bots: [String: Bot] = [:]
    /// The token that a bot was made with, by its current token.
    var firstTokens: [String: String] = [:]
    var invoices: [String: Invoice] = [:]
    var charges: [String: Charge] = [:]
    var users: [String: Int64] = [:]
    /// The data of users who do not give the default data, by number.
    var customers: [Int64: JSONValue] = [:]
    /// The language of each user who wrote in another than English.
    var languages: [Int64: String] = [:]
    var fault = FixtureTelegram.Fault.none
    var rateLimits = 0
    /// The messages that bots have sent, with their receivers; bots are named by their tokens.
    var said: [(bot: String, chat: Int64, text: String)] = []
    private var serial: Int64 = 0

    mutating func next() -> Int64 {
        serial += 1
        return serial
    }

    /// A user by name; every name exists.
    mutating func user(_ name: String) -> Int64 {
        if let id = users[name] { return id }
        let id = 5_000_000_000 + Int64(users.count) + 1
        users[name] = id
        return id
    }

    func userJSON(_ id: Int64) -> JSONValue {
        let name = users.first { $0.value == id }?.key ?? "user"
        return [
            "id": .integer(id), "is_bot": .bool(false), "first_name": .string(name),
            "language_code": .string(languages[id] ?? "en"),
        ]
    }

    func chatJSON(_ id: Int64) -> JSONValue {
        let name = users.first { $0.value == id }?.key ?? "user"
        return ["id": .integer(id), "type": "private", "first_name": .string(name)]
    }

    /// Queues an update, as the current fault demands.
    mutating func enqueue(_ member: String, _ content: JSONValue, to token: String, at now: Timestamp) {
        let id = next()
        let body: JSONValue = .object([.init("update_id", .integer(id)), .init(member, content)])
        let update = QueuedUpdate(id: id, body: body, createdAt: now, nextAttemptAt: now)
        switch fault {
        case .drop: break
        case .reorder: bots[token]?.held.append(update)
        case .duplicate:
            let again = next()
            let copy: JSONValue = .object([.init("update_id", .integer(again)), .init(member, content)])
            bots[token]?.updates += [
                update, update, QueuedUpdate(id: again, body: copy, createdAt: now, nextAttemptAt: now),
            ]
        case .none, .outage: bots[token]?.updates.append(update)
        }
    }

    /// A message of a user to a bot.
    mutating func message(_ member: String, _ content: JSONValue, user: Int64, at now: Timestamp) -> JSONValue {
        .object([
            .init("message_id", .integer(next())), .init("from", userJSON(user)), .init("chat", chatJSON(user)),
            .init("date", .integer(now.seconds)), .init(member, content),
        ])
    }
}
