package import Money
package import Payments
package import Records
import Seams
import Storage
package import StrictJSON

/// The JSON that merchants read, the same in answers and in events.
///
/// Amounts are decimal strings in major units, moments are RFC 3339 in UTC, and every object says what it is.
package struct Representation: Sendable {
    private let assets: AssetRegistry
    private let address: PublicAddress
    /// Whether the money is real.
    package let isLive: Bool

    /// A representation for the given assets, with the gateway's public URL, and whether the money is real.
    package init(assets: AssetRegistry, address: PublicAddress, isLive: Bool) {
        self.isLive = isLive
        self.assets = assets
        self.address = address
    }

    /// An invoice with its options.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ value: InvoiceWithOptions) throws -> JSONValue {
        let invoice = value.invoice
        return [
            "id": .string(invoice.id.text),
            "object": "invoice",
            "livemode": .bool(isLive),
            "merchant": .string(invoice.merchant.text),
            "reference": .optional(invoice.reference),
            "title": .string(invoice.title),
            "description": .string(invoice.summary),
            "goods": .string(invoice.goods.rawValue),
            "asset": .string(invoice.price.asset.text),
            "amount": try text(invoice.price),
            "amount_received": try text(invoice.status.received),
            "tolerance_basis_points": .integer(Int64(invoice.toleranceBasisPoints)),
            "state": .string(invoice.status.state.rawValue),
            "exception": .string(invoice.status.exception.rawValue),
            "payer": .optional(invoice.payer.map(String.init)),
            "metadata": .object(from: invoice.metadata),
            "return_url": .optional(invoice.returnURL),
            "payment_link": .optional(invoice.paymentLink?.text),
            "subscription": .optional(invoice.subscription?.text),
            "paid_media": .optional(invoice.paidMedia?.text),
            "line_items": .array(try invoice.lines.map(json)),
            "checkout_url": .optional(address.url.map { "\($0)/pay/\(invoice.id.text)" }),
            "created_at": .string(invoice.createdAt.description),
            "expires_at": .string(invoice.expiresAt.description),
            "monitored_until": .string(invoice.monitoredUntil.description),
            "settled_at": .optional(invoice.settledAt?.description),
            "options": .array(try value.options.map(json)),
            "unavailable_rails": .array(invoice.unavailableRails.map(json)),
            "sightings": .array(try value.sightings.map { try json($0, version: nil) }),
            "version": .integer(value.version),
        ]
    }

    private func json(_ rail: UnavailableRail) -> JSONValue {
        ["rail": .string(rail.rail.rawValue), "code": .string(rail.code), "reason": .string(rail.reason)]
    }

    private func json(_ line: InvoiceLine) throws -> JSONValue {
        ["label": .string(line.label), "amount": try text(line.amount)]
    }

    /// An endpoint, without its secrets.
    ///
    /// - Returns: the object.
    package func json(_ endpoint: WebhookEndpointRecord) -> JSONValue {
        [
            "id": .string(endpoint.id.text), "object": "webhook_endpoint", "url": .string(endpoint.url),
            "types": .array(endpoint.types.map(JSONValue.string)),
            "personal_data": .bool(endpoint.takesPersonalData),
            "ordered": .bool(endpoint.isOrdered),
            "created_at": .string(endpoint.createdAt.description),
            "previous_secret_until": .optional(endpoint.previousUntil?.description),
            "disabled_at": .optional(endpoint.disabledAt?.description),
            "disabled_reason": .optional(endpoint.disabledReason),
            "version": .integer(endpoint.version),
        ]
    }

    /// A bot, without its secrets.
    ///
    /// - Returns: the object.
    package func json(_ bot: BotRecord) -> JSONValue {
        var rails: [JSONValue] = bot.takesStars ? [.string(Rail.telegramStars.rawValue)] : []
        if bot.sealedProviderToken != nil { rails.append(.string(Rail.telegramFiat.rawValue)) }
        return [
            "id": .string(bot.id.text),
            "object": "bot",
            "livemode": .bool(isLive),
            "merchant": .optional(bot.merchant?.text),
            "username": .string(bot.username),
            "rails": .array(rails),
            "currencies": .array(bot.currencies.map(JSONValue.string)),
            "test_environment": .bool(bot.isInTestEnvironment),
            "support_contact": .optional(bot.supportContact),
            "terms_url": .optional(bot.termsURL),
            "owner_chat": .optional(bot.ownerChat),
            "active": .bool(bot.isActive),
            "created_at": .string(bot.createdAt.description),
        ]
    }

    /// Paid media that were bought `purchases` times.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ media: PaidMedia, purchases: Int) throws -> JSONValue {
        [
            "id": .string(media.id.text),
            "object": "paid_media",
            "livemode": .bool(isLive),
            "merchant": .string(media.merchant.text),
            "chat": .string(media.chat),
            "message": media.message.map { .integer($0) } ?? .null,
            "title": .string(media.title),
            "description": .string(media.summary),
            "asset": .string(media.price.asset.text),
            "amount": try text(media.price),
            "media": .array(
                media.items.map { ["type": .string($0.kind.rawValue), "media": .string($0.media)] }
            ),
            "metadata": .object(from: media.metadata),
            "purchases": .integer(Int64(purchases)),
            "link": .string(media.link),
            "created_at": .string(media.createdAt.description),
        ]
    }

    /// A subscription with the link by which it begins.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ value: SubscriptionWithInvoice) throws -> JSONValue {
        let (terms, status) = (value.subscription.terms, value.subscription.status)
        var link: String?
        if case .invoiceLink(let url) = value.first.options.first?.instruction { link = url }
        return [
            "id": .string(terms.id.text),
            "object": "subscription",
            "livemode": .bool(isLive),
            "merchant": .string(terms.merchant.text),
            "reference": .optional(terms.reference),
            "title": .string(terms.title),
            "description": .string(terms.summary),
            "asset": .string(terms.price.asset.text),
            "amount": try text(terms.price),
            "period_days": .integer(Subscription.period.components.seconds / 86_400),
            "state": .string(status.state.rawValue),
            "payer": .optional(status.payer ?? value.first.invoice.payer.map { "\($0)" }),
            "metadata": .object(from: terms.metadata),
            "invoice": .string(terms.invoice.text),
            "link": .optional(link),
            "checkout_url": .optional(address.url.map { "\($0)/pay/\(terms.invoice.text)" }),
            "current_period_end": .optional(status.periodEnd?.description),
            "created_at": .string(terms.createdAt.description),
            "expires_at": .string(terms.expiresAt.description),
            "ended_at": .optional(status.endedAt?.description),
            "version": .integer(value.subscription.version),
        ]
    }

    /// One way to pay an invoice.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ option: PaymentOption) throws -> JSONValue {
        let (address, comment, link): (String?, String?, String) =
            switch option.instruction {
            case .invoiceLink(let url): (nil, nil, url)
            case .deposit(let address, let comment, let link): (address, comment, link)
            }
        return [
            "id": .string(option.id.text),
            "object": "payment_option",
            "rail": .string(option.rail.rawValue),
            "provider": .string(option.provider),
            "asset": .string(option.due.asset.text),
            "amount": try text(option.due),
            "link": .string(link),
            "address": .optional(address),
            "comment": .optional(comment),
            "qr": .optional(address == nil ? nil : link),
            "quote": option.quote.map(json) ?? .null,
        ]
    }

    /// A payment.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ payment: Payment) throws -> JSONValue {
        [
            "id": .string(payment.id.text),
            "object": "payment",
            "livemode": .bool(isLive),
            "invoice": .optional(payment.invoice?.text),
            "option": .optional(payment.option?.text),
            "merchant": .optional(payment.merchant?.text),
            "rail": .string(payment.rail.rawValue),
            "provider": .string(payment.provider),
            "asset": .string(payment.amount.asset.text),
            "amount": try text(payment.amount),
            "quote": payment.quote.map(json) ?? .null,
            "classification": .string(payment.classification.rawValue),
            "state": .string(payment.state.rawValue),
            "payer": .optional(payment.payer),
            "natural_key": .string(payment.naturalKey.text),
            "evidence": .string(payment.evidence),
            "occurred_at": .string(payment.occurredAt.description),
            "recorded_at": .string(payment.recordedAt.description),
            "available_at": .string(payment.availableAt.description),
            "version": .integer(payment.version),
        ]
    }

    /// A payment link, of which `taken` are sold or being paid.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ link: PaymentLink, taken: Int) throws -> JSONValue {
        let template = try JSONValue(parsing: Array(link.template.utf8))
        return [
            "id": .string(link.id.text),
            "object": "payment_link",
            "livemode": .bool(isLive),
            "merchant": .string(link.merchant.text),
            "title": .string(link.title),
            "description": .string(link.summary),
            "asset": .string(link.price.asset.text),
            "amount": try text(link.price),
            "invoice": template,
            "active": .bool(link.isActive),
            "stock": link.stock.map { .integer(Int64($0)) } ?? .null,
            "left": link.left(taken: taken).map { .integer(Int64($0)) } ?? .null,
            "url": .optional(address.url.map { "\($0)/buy/\(link.id.text)" }),
            "created_at": .string(link.createdAt.description),
        ]
    }

    /// A payment that was seen and can still be undone; where it is told by itself, with a version.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ sighting: StoredSighting, version: Int64?) throws -> JSONValue {
        let members: [JSONValue.Member] = [
            .init("object", "sighting"), .init("invoice", .string(sighting.invoice.text)),
            .init("option", .string(sighting.option.text)), .init("asset", .string(sighting.amount.asset.text)),
            .init("amount", try text(sighting.amount)), .init("payer", .optional(sighting.payer)),
            .init("natural_key", .string(sighting.naturalKey.text)),
            .init("confirmations", .integer(Int64(sighting.confirmations))),
            .init("confirmations_required", .integer(Int64(sighting.required))),
            .init("occurred_at", .string(sighting.occurredAt.description)),
        ]
        return .object(members + (version.map { [.init("version", .integer($0))] } ?? []))
    }

    /// A refund or a payout.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ transfer: OutgoingTransfer) throws -> JSONValue {
        let (kind, payment): (String, String?) =
            switch transfer.purpose {
            case .refund(_, let payment): ("refund", payment.text)
            case .payout: ("payout", nil)
            }
        return [
            "id": .string(transfer.purpose.id),
            "object": .string(kind),
            "livemode": .bool(isLive),
            "payment": .optional(payment),
            "merchant": .string(transfer.merchant.text),
            "provider": .string(transfer.provider),
            "asset": .string(transfer.amount.asset.text),
            "amount": try text(transfer.amount),
            "destination": .string(transfer.destination),
            "state": .string(transfer.status.state.rawValue),
            "hash": .optional(transfer.prepared?.hash),
            "network_fee": try transfer.networkFee.map(text) ?? .null,
            "reason": .optional(transfer.reason),
            "quote": transfer.quote.map(json) ?? .null,
            "failure": .optional(transfer.failure),
            "created_at": .string(transfer.createdAt.description),
            "finished_at": .optional(transfer.finishedAt?.description),
            "version": .integer(transfer.version),
        ]
    }

    /// What a payout would cost and leave, and what would happen to it.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ estimate: PayoutEstimate) throws -> JSONValue {
        [
            "object": "payout_estimate",
            "livemode": .bool(isLive),
            "provider": .string(estimate.provider),
            "asset": .string(estimate.request.amount.asset.text),
            "amount": try text(estimate.request.amount),
            "destination": .string(estimate.request.destination),
            "outcome": .string(estimate.prospect.rawValue),
            "network_fee": try estimate.fee.map { try text($0.charged) } ?? .null,
            "network_fee_asset": .optional(estimate.fee?.charged.asset.text),
            "network_fee_basis_points": estimate.fee?.basisPoints.map { .integer(Int64(clamping: $0)) } ?? .null,
            "network_fee_limit_basis_points": estimate.fee.map { .integer(Int64($0.limit)) } ?? .null,
            "balance_left": try text(estimate.balance),
            "available_left": try text(estimate.available),
        ]
    }

    /// A merchant's balance, and how much of it no rail holds back any more.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(balance: Amount, available: Amount) throws -> JSONValue {
        [
            "object": "balance", "asset": .string(balance.asset.text), "amount": try text(balance),
            "available": try text(available),
        ]
    }

    /// A rate that holds until a moment, as an exact fraction of major units.
    ///
    /// - Returns: the object.
    package func json(_ quote: Quote) -> JSONValue {
        [
            "base": .string(quote.rate.base.text),
            "quote": .string(quote.rate.quote.text),
            "numerator": .string(String(quote.rate.numerator)),
            "denominator": .string(String(quote.rate.denominator)),
            "source": .string(quote.rate.source),
            "observed_at": .string(quote.rate.observedAt.description),
            "valid_until": .string(quote.validUntil.description),
        ]
    }

    /// An amount in major units; also negative ones, of accounts.
    ///
    /// - Throws: `MoneyError` when the asset is not in the list.
    /// - Returns: the decimal text.
    package func text(_ amount: Amount) throws -> JSONValue {
        guard let asset = assets.asset(amount.asset) else {
            throw SettlementError(.unknownAsset, "\(amount.asset) is not in the asset list")
        }
        return .string(try asset.text(amount))
    }
}
