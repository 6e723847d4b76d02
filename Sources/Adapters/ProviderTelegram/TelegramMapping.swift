import Money
package import Payments
import Providers
import Seams
import StrictJSON
package import TelegramBot

/// The natural keys of Telegram's payments and refunds.
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

/// Translates Telegram's types into observations.
struct TelegramMapping: Sendable {
    /// How long received Stars may be held before they can be used (Telegram's terms for Stars: up to 21 days).
    static let starsHold = Duration.seconds(21 * 86_400)
    /// The namespace of references: the payload of an invoice ties a payment to its option.
    static let payloadScope = "telegram:payload"

    let assets: AssetRegistry
    let isTestEnvironment: Bool

    // MARK: - Keys

    /// A charge and its refund have the same identifier in Telegram, but different keys here.
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

    /// The observation of a payment from an update.
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

    /// The end of the subscription period that a payment pays; nil when Telegram gives no valid date after the payment.
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

    /// The subscription event of an update; nil for an unknown state.
    static func event(_ change: SubscriptionUpdate) -> SubscriptionStatus.Event? {
        switch change.state {
        case "canceled": .canceled
        case "active": .restored
        case "failed": .failed
        default: nil
        }
    }

    /// The observation of a refund from an update.
    ///
    /// Stars are refunded once, and the Star account shows the same refund. A card payment can be refunded in parts, so
    /// that each message is a report of its own. A message that is delivered again has the same place, and so the same
    /// key.
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

    /// The observation of one line of the Star account.
    ///
    /// A payment has the same key as its update, so that it is booked once, whichever of the two comes first.
    func observation(_ line: StarTransaction) throws(ProviderError) -> Observation {
        let amount = try amount(line.amount)
        let moment = Timestamp(seconds: line.date)
        switch (line.partner, line.isIncoming) {
        case (.user(let user, let type, let payload, let language), true):
            let isMedia = type == "paid_media_payment"
            let evidence: JSONValue = [
                // Bot API, `StarTransaction`: the identifier of a user's payment is that of the charge.
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
    /// The provider's error for a failed call of the Bot API.
    package init(_ error: TelegramError) {
        switch error.code {
        case .refused: self.init(error.names("query is too old") ? .tooLate : .refused, error.reason)
        case .rateLimited, .unreachable, .unknown: self.init(.unavailable, error.reason)
        case .malformed: self.init(.malformed, error.reason)
        }
    }
}
