import Money
package import Payments
import Providers
import Seams
import StrictJSON
package import TelegramBot

/// The natural keys of what Telegram tells.
package enum TelegramKeys {
    /// The key of the payment of a charge.
    package static func payment(_ charge: String, isTestEnvironment: Bool) -> NaturalKey {
        key(charge, "in", [], isTestEnvironment: isTestEnvironment)
    }

    fileprivate static func key(
        _ charge: String,
        _ direction: String,
        _ more: [String],
        isTestEnvironment: Bool
    ) -> NaturalKey {
        NaturalKey(["telegram", isTestEnvironment ? "test" : "live", charge, direction] + more)
    }
}

/// Between Telegram's words and ours: the one place that knows both.
struct TelegramMapping: Sendable {
    /// How long Stars may not be usable after they came (Telegram's terms for Stars: up to 21 days).
    static let starsHold = Duration.seconds(21 * 86_400)
    /// What ties a payment to an option: the payload of its invoice.
    static let payloadScope = "telegram:payload"

    let assets: AssetRegistry
    let isTestEnvironment: Bool

    // MARK: - Keys

    /// A charge and its return have the same identifier in Telegram, and different keys here.
    private func key(_ charge: String, _ direction: String, _ more: String...) -> NaturalKey {
        TelegramKeys.key(charge, direction, more, isTestEnvironment: isTestEnvironment)
    }

    static func reference(_ payload: String) -> PaymentReference {
        PaymentReference(scope: payloadScope, value: payload)
    }

    // MARK: - Amounts

    func asset(currency: String) throws(ProviderError) -> Asset {
        do {
            let id = currency == InvoiceLink.stars ? AssetID.stars : try AssetID.fiat(currency)
            guard let asset = assets.asset(id) else {
                throw MoneyError.malformed("\(currency) is not in the asset list")
            }
            return asset
        } catch { throw ProviderError(.malformed, "\(error)") }
    }

    func amount(_ units: Int64, currency: String) throws(ProviderError) -> Amount {
        do { return try asset(currency: currency).amount(wireUnits: Int256(units)) } catch {
            throw ProviderError(.malformed, "\(error)")
        }
    }

    func wireUnits(_ amount: Amount) throws(ProviderError) -> Int64 {
        do throws(MoneyError) {
            guard let asset = assets.asset(amount.asset), let units = Int64(exactly: try asset.wireUnits(of: amount))
            else {
                throw MoneyError.overflow("the amount is too large for Telegram")
            }
            return units
        } catch { throw ProviderError(.invalidRequest, error.reason) }
    }

    /// Stars with their billionths, exactly.
    func amount(_ stars: StarAmount) throws(ProviderError) -> Amount {
        do {
            let whole = try asset(currency: InvoiceLink.stars).amount(wireUnits: Int256(stars.stars))
            return try whole.adding(Amount(asset: .stars, units: Int256(stars.nanostars)))
        } catch { throw ProviderError(.malformed, "\(error)") }
    }

    // MARK: - Payments

    /// A payment as an update tells of it.
    func observation(_ payment: SuccessfulPayment) throws(ProviderError) -> Observation {
        let isStars = payment.currency == InvoiceLink.stars
        let moment = Timestamp(seconds: payment.date)
        let evidence: JSONValue = [
            "telegram_payment_charge_id": .string(payment.chargeID),
            "provider_payment_charge_id": .string(payment.providerChargeID),
            "language_code": .optional(payment.language),
        ]
        return .incoming(
            IncomingTransfer(
                naturalKey: key(payment.chargeID, "in"),
                reference: Self.reference(payment.payload),
                amount: try amount(payment.totalAmount, currency: payment.currency),
                payer: payment.user.map { String($0) },
                refundTarget: isStars ? payment.user.map { "\($0):\(payment.chargeID)" } : nil,
                evidence: evidence.text,
                occurredAt: moment,
                availableAt: isStars ? moment.advanced(by: Self.starsHold) : moment,
                paidUntil: Self.end(of: payment),
                shippingOption: payment.order.shippingOption,
                personalData: Self.personalData(payment.order)
            )
        )
    }

    /// Until when a payment pays a subscription; nil when Telegram tells no moment after the payment that a date can name.
    private static func end(of payment: SuccessfulPayment) -> Timestamp? {
        guard let seconds = payment.subscriptionExpiration, seconds > payment.date, seconds < 253_402_300_800 else {
            return nil
        }
        return Timestamp(seconds: seconds)
    }

    private static func personalData(_ order: OrderInfo) -> PersonalData? {
        PersonalData(
            name: order.name,
            email: order.email,
            phoneNumber: order.phoneNumber,
            shippingAddress: order.shippingAddress.map { address in
                PersonalData.Address { address[$0]?.stringValue ?? "" }
            },
            shippingOption: order.shippingOption
        )
    }

    /// What an update says of a subscription; none for words that are not known yet.
    static func event(_ change: SubscriptionUpdate) -> SubscriptionStatus.Event? {
        switch change.state {
        case "canceled": .canceled
        case "active": .restored
        case "failed": .failed
        default: nil
        }
    }

    /// A return as an update tells of it.
    ///
    /// Stars are returned once, and the Star account tells of the same return. A card payment is returned in parts, so that
    /// each message is a report of its own; one that is delivered again stands where it stood.
    func observation(_ refund: RefundedPayment) throws(ProviderError) -> Observation {
        let key: NaturalKey
        if refund.currency == InvoiceLink.stars {
            key = self.key(refund.chargeID, "out")
        } else {
            guard let place = refund.place else {
                throw ProviderError(.malformed, "a report of a return has a message_id and a chat")
            }
            key = self.key(refund.chargeID, "out", "\(place.chat)", "\(place.message)")
        }
        return .refunded(
            naturalKey: key,
            payment: self.key(refund.chargeID, "in"),
            amount: try amount(refund.totalAmount, currency: refund.currency),
            at: Timestamp(seconds: refund.date)
        )
    }

    // MARK: - The Star account

    /// One line of the Star account.
    ///
    /// A payment has the key that its update has, so that it is booked once whichever of the two comes first.
    func observation(_ line: StarTransaction) throws(ProviderError) -> Observation {
        let amount = try amount(line.amount)
        let moment = Timestamp(seconds: line.date)
        switch (line.partner, line.isIncoming) {
        case (.user(let user, let type, let payload, let language), true):
            let isMedia = type == "paid_media_payment"
            let evidence: JSONValue = [
                // Bot API, `StarTransaction`: the identifier of what a user paid is that of the charge.
                "telegram_payment_charge_id": .string(line.id),
                "star_transaction": .string(line.id),
                "type": .string(type),
                "language_code": .optional(language),
            ]
            return .incoming(
                IncomingTransfer(
                    naturalKey: key(line.id, "in"),
                    reference: payload.map { payload in
                        isMedia
                            ? PaymentReference(scope: PaidMedia.referenceScope, value: payload)
                            : Self.reference(payload)
                    },
                    amount: amount,
                    payer: String(user),
                    refundTarget: type == "invoice_payment" || isMedia ? "\(user):\(line.id)" : nil,
                    evidence: evidence.text,
                    occurredAt: moment,
                    availableAt: moment.advanced(by: Self.starsHold)
                )
            )
        case (.user(_, "invoice_payment", _, _), false), (.user(_, "paid_media_payment", _, _), false):
            return .refunded(naturalKey: key(line.id, "out"), payment: key(line.id, "in"), amount: amount, at: moment)
        case (.user(_, let type, _, _), false):
            return try movement(line, amount, .networkFee, "given to a user (\(type))", moment)
        case (.fragment(let state), _):
            return try movement(line, amount, .ownFunds, "withdrawn through Fragment (\(state))", moment)
        case (.other(let type), _):
            let isCost = ["telegram_ads", "telegram_api", "affiliate_program"].contains(type)
            return try movement(line, amount, isCost ? .networkFee : .unexplained, "Telegram says: \(type)", moment)
        }
    }

    private func movement(
        _ line: StarTransaction,
        _ amount: Amount,
        _ kind: AccountMovement.Kind,
        _ reason: String,
        _ moment: Timestamp
    ) throws(ProviderError) -> Observation {
        do {
            return .movement(
                AccountMovement(
                    naturalKey: key(line.id, line.isIncoming ? "in" : "out"),
                    kind: kind,
                    amount: line.isIncoming ? amount : try amount.negated(),
                    reason: reason,
                    place: RailPlace(
                        network: isTestEnvironment ? "test" : "live",
                        account: nil,
                        transaction: line.id
                    ),
                    occurredAt: moment
                )
            )
        } catch { throw ProviderError(.malformed, "\(error)") }
    }
}

extension ProviderError {
    /// What a failed call of the Bot API means for the rail.
    package init(_ error: TelegramError) {
        switch error.code {
        case .refused: self.init(error.names("query is too old") ? .tooLate : .refused, error.reason)
        case .rateLimited, .unreachable, .unknown: self.init(.unavailable, error.reason)
        case .malformed: self.init(.malformed, error.reason)
        }
    }
}
