package import StrictJSON

/// An update from Telegram to a bot, as far as it concerns money.
package struct Update: Hashable, Sendable {
    /// The content of an update.
    package enum Content: Hashable, Sendable {
        /// Telegram asks whether a payment may be taken.
        case preCheckout(PreCheckoutQuery)
        /// Telegram asks for the ways of shipping.
        case shipping(ShippingQuery)
        /// A payment was taken.
        case paid(SuccessfulPayment)
        /// A payment was refunded.
        case refunded(RefundedPayment)
        /// A customer or a failed payment has changed a subscription.
        case subscription(SubscriptionUpdate)
        /// Anything else.
        case other
    }

    /// The update's number, which is unique for the bot.
    package let id: Int64
    /// The content of an update.
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
    /// The user who would pay.
    package let user: Int64
    /// The currency.
    package let currency: String
    /// How much, in smallest units.
    package let totalAmount: Int64
    /// The reference that ties it to an order.
    package let payload: String
    /// The chosen way of shipping, if any.
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
    /// The user who asks.
    package let user: Int64
    /// The reference that ties it to an order.
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

/// `SuccessfulPayment`, with data of the message around it.
package struct SuccessfulPayment: Hashable, Sendable {
    /// When it was taken, in seconds since 1970.
    package let date: Int64
    /// The user who paid; nil when the message does not name one.
    package let user: Int64?
    /// The language of their Telegram (IETF), when the message states it.
    package let language: String?
    /// The currency.
    package let currency: String
    /// How much, in smallest units, with tips and shipping.
    package let totalAmount: Int64
    /// The reference that ties it to an order.
    package let payload: String
    /// Telegram's identifier of the charge, which makes the payment unique.
    package let chargeID: String
    /// The payment provider's identifier of the charge.
    package let providerChargeID: String
    /// Until when the subscription is paid, in seconds since 1970; nil without a subscription.
    package let subscriptionExpiration: Int64?
    /// The data that the customer was asked for and has given.
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

/// `OrderInfo` with the way of shipping: the data that a customer has given with a payment.
///
/// It never blocks the payment: data that does not have Telegram's form is ignored.
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

    /// The data in a `SuccessfulPayment` or a `PreCheckoutQuery`.
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
    /// The subscriber.
    package let user: Int64
    /// The reference that ties it to an order.
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

/// `RefundedPayment`, with data of the message around it.
package struct RefundedPayment: Hashable, Sendable {
    /// When it was refunded, in seconds since 1970.
    package let date: Int64
    /// The currency: `XTR` by the specification; a payment provider may report others.
    package let currency: String
    /// How much, in smallest units.
    package let totalAmount: Int64
    /// Telegram's identifier of the refunded charge.
    package let chargeID: String
    /// The chat of the message and its number there, which distinguish reports; nil when the message does not state
    /// them.
    package let place: Place?

    /// The place of a message.
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
            throw TelegramError(.malformed, "'\(key)' is missing or not a string")
        }
        return text
    }

    func integer(_ key: String) throws(TelegramError) -> Int64 {
        guard let value = self[key]?.integerValue else {
            throw TelegramError(.malformed, "'\(key)' is missing or not an integer")
        }
        return value
    }

    /// An amount of money in smallest units; Telegram's are never negative.
    func price(_ key: String) throws(TelegramError) -> Int64 {
        let units = try integer(key)
        guard units >= 0 else { throw TelegramError(.malformed, "'\(key)' is negative") }
        return units
    }

    /// The chosen way of shipping; nil when the text is empty.
    var shippingOption: String? { self["shipping_option_id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    func user() throws(TelegramError) -> Int64 {
        guard let from = self["from"] else { throw TelegramError(.malformed, "'from' is missing") }
        return try from.integer("id")
    }

    /// An identifier of a charge, which becomes a part of a natural key and so must not contain its separator.
    func charge(_ key: String) throws(TelegramError) -> String {
        let text = try text(key)
        let isWord = !text.isEmpty && text.utf8.count <= 256 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isWord else { throw TelegramError(.malformed, "'\(key)' is not an identifier") }
        return text
    }
}
