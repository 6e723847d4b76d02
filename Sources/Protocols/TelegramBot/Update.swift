package import StrictJSON

/// What Telegram tells a bot, as far as money is concerned.
package struct Update: Hashable, Sendable {
    /// What happened.
    package enum Content: Hashable, Sendable {
        /// Telegram asks whether a payment may be taken.
        case preCheckout(PreCheckoutQuery)
        /// Telegram asks how something can be shipped.
        case shipping(ShippingQuery)
        /// A payment was taken.
        case paid(SuccessfulPayment)
        /// A payment was returned.
        case refunded(RefundedPayment)
        /// A customer, or a payment that failed, has changed a subscription.
        case subscription(SubscriptionUpdate)
        /// Anything else.
        case other
    }

    /// The update's number, which is unique for the bot.
    package let id: Int64
    /// What happened.
    package let content: Content

    /// Reads an update.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/malformed``.
    package init(parsing bytes: [UInt8]) throws(TelegramError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes, limits: .telegram) } catch {
            throw TelegramError(.malformed, error.description)
        }
        guard let id = value["update_id"]?.integerValue else {
            throw TelegramError(.malformed, "an update has an update_id")
        }
        self.id = id
        if let query = value["pre_checkout_query"] {
            content = .preCheckout(try PreCheckoutQuery(query))
        } else if let query = value["shipping_query"] {
            content = .shipping(try ShippingQuery(query))
        } else if let message = value["message"], let payment = message["successful_payment"] {
            content = .paid(try SuccessfulPayment(payment, in: message))
        } else if let message = value["message"], let payment = message["refunded_payment"] {
            content = .refunded(try RefundedPayment(payment, in: message))
        } else if let change = value["subscription"] {
            content = .subscription(try SubscriptionUpdate(change))
        } else {
            content = .other
        }
    }
}

/// `PreCheckoutQuery`.
package struct PreCheckoutQuery: Hashable, Sendable {
    /// The query's identifier, which the answer names.
    package let id: String
    /// Who would pay.
    package let user: Int64
    /// The currency.
    package let currency: String
    /// How much, in smallest units.
    package let totalAmount: Int64
    /// What ties it to an order.
    package let payload: String
    /// How it is shipped, when the customer chose.
    package let shippingOption: String?

    init(_ value: JSONValue) throws(TelegramError) {
        id = try value.text("id")
        user = try value.user()
        currency = try value.text("currency")
        totalAmount = try value.price("total_amount")
        payload = try value.text("invoice_payload")
        shippingOption = value.shippingOption
    }
}

/// `ShippingQuery`.
package struct ShippingQuery: Hashable, Sendable {
    /// The query's identifier, which the answer names.
    package let id: String
    /// Who asks.
    package let user: Int64
    /// What ties it to an order.
    package let payload: String
    /// The address, as JSON.
    package let address: JSONValue

    init(_ value: JSONValue) throws(TelegramError) {
        id = try value.text("id")
        user = try value.user()
        payload = try value.text("invoice_payload")
        address = value["shipping_address"] ?? [:]
    }
}

/// `SuccessfulPayment`, with what the message around it says.
package struct SuccessfulPayment: Hashable, Sendable {
    /// When it was taken, in seconds since 1970.
    package let date: Int64
    /// Who paid; none when the message does not say.
    package let user: Int64?
    /// The language of their Telegram (IETF), when the message says it.
    package let language: String?
    /// The currency.
    package let currency: String
    /// How much, in smallest units, with tips and shipping.
    package let totalAmount: Int64
    /// What ties it to an order.
    package let payload: String
    /// Telegram's identifier of the charge, which makes the payment unique.
    package let chargeID: String
    /// The payment provider's identifier of the charge.
    package let providerChargeID: String
    /// Until when the subscription is paid, in seconds since 1970; none for what is no subscription.
    package let subscriptionExpiration: Int64?
    /// What the customer was asked for and has told.
    package let order: OrderInfo

    init(_ value: JSONValue, in message: JSONValue) throws(TelegramError) {
        date = try message.integer("date")
        user = message["from"]?["id"]?.integerValue
        language = message["from"]?["language_code"]?.stringValue
        currency = try value.text("currency")
        totalAmount = try value.price("total_amount")
        payload = try value.text("invoice_payload")
        chargeID = try value.charge("telegram_payment_charge_id")
        providerChargeID = try value.text("provider_payment_charge_id")
        subscriptionExpiration = value["subscription_expiration_date"]?.integerValue
        order = OrderInfo(of: value)
    }
}

/// `OrderInfo` with the way of shipping: what a customer has told beside paying.
///
/// It never stands in the way of the payment: what has another form than Telegram's is as if it were not there.
package struct OrderInfo: Hashable, Sendable {
    /// The customer's name.
    package let name: String?
    /// Their telephone number.
    package let phoneNumber: String?
    /// Their address for email.
    package let email: String?
    /// `ShippingAddress`, as JSON.
    package let shippingAddress: JSONValue?
    /// The identifier of the way of shipping that they chose.
    package let shippingOption: String?

    /// What stands in a `SuccessfulPayment` or a `PreCheckoutQuery`.
    init(of payment: JSONValue) {
        let order = payment["order_info"]
        name = order?["name"]?.stringValue
        phoneNumber = order?["phone_number"]?.stringValue
        email = order?["email"]?.stringValue
        shippingAddress = order?["shipping_address"].flatMap { $0.members == nil ? nil : $0 }
        shippingOption = payment.shippingOption
    }
}

/// `subscription` (Bot API 10.2): a customer's subscription to what the bot sells has changed.
package struct SubscriptionUpdate: Hashable, Sendable {
    /// Whose subscription it is.
    package let user: Int64
    /// What ties it to an order.
    package let payload: String
    /// `canceled`, `active` or `failed`; others may be added.
    package let state: String

    init(_ value: JSONValue) throws(TelegramError) {
        guard let user = value["user"] else { throw TelegramError(.malformed, "'user' is missing") }
        self.user = try user.integer("id")
        payload = try value.text("invoice_payload")
        state = try value.text("state")
    }
}

/// `RefundedPayment`, with what the message around it says.
package struct RefundedPayment: Hashable, Sendable {
    /// When it was returned, in seconds since 1970.
    package let date: Int64
    /// The currency: `XTR` by the specification; a payment provider may tell of others.
    package let currency: String
    /// How much, in smallest units.
    package let totalAmount: Int64
    /// Telegram's identifier of the charge that was returned.
    package let chargeID: String
    /// The chat of the message and its number there, which tell one report from another; none when it does not say them.
    package let place: Place?

    /// Where a message stands.
    package struct Place: Hashable, Sendable {
        /// The chat.
        package let chat: Int64
        /// The message's number in the chat.
        package let message: Int64
    }

    init(_ value: JSONValue, in message: JSONValue) throws(TelegramError) {
        date = try message.integer("date")
        if let chat = message["chat"]?["id"]?.integerValue, let number = message["message_id"]?.integerValue {
            place = Place(chat: chat, message: number)
        } else {
            place = nil
        }
        currency = try value.text("currency")
        totalAmount = try value.price("total_amount")
        chargeID = try value.charge("telegram_payment_charge_id")
    }
}

extension JSONValue {
    func text(_ key: String) throws(TelegramError) -> String {
        guard let text = self[key]?.stringValue else {
            throw TelegramError(.malformed, "'\(key)' is missing or no string")
        }
        return text
    }

    func integer(_ key: String) throws(TelegramError) -> Int64 {
        guard let value = self[key]?.integerValue else {
            throw TelegramError(.malformed, "'\(key)' is missing or no integer")
        }
        return value
    }

    /// An amount of money in smallest units; Telegram's are never negative.
    func price(_ key: String) throws(TelegramError) -> Int64 {
        let units = try integer(key)
        guard units >= 0 else { throw TelegramError(.malformed, "'\(key)' is negative") }
        return units
    }

    /// The way of shipping that was chosen; none when the word is empty.
    var shippingOption: String? { self["shipping_option_id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    func user() throws(TelegramError) -> Int64 {
        guard let from = self["from"] else { throw TelegramError(.malformed, "'from' is missing") }
        return try from.integer("id")
    }

    /// An identifier of a charge; it becomes part of a natural key, so it must not hold what separates its parts.
    func charge(_ key: String) throws(TelegramError) -> String {
        let text = try text(key)
        let isWord = !text.isEmpty && text.utf8.count <= 256 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isWord else { throw TelegramError(.malformed, "'\(key)' is no identifier") }
        return text
    }
}
