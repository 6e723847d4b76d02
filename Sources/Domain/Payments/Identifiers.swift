package import Seams

/// A merchant: the tenant that sells something.
package enum MerchantKind: IdentifierKind {
    /// The prefix `mer`.
    package static let prefix = "mer"
}
/// An API key.
package enum APIKeyKind: IdentifierKind {
    /// The prefix `key`.
    package static let prefix = "key"
}
/// An invoice.
package enum InvoiceKind: IdentifierKind {
    /// The prefix `inv`.
    package static let prefix = "inv"
}
/// A payment link.
package enum PaymentLinkKind: IdentifierKind {
    /// The prefix `link`.
    package static let prefix = "link"
}
/// One way to pay an invoice.
package enum PaymentOptionKind: IdentifierKind {
    /// The prefix `opt`.
    package static let prefix = "opt"
}
/// A payment, for an invoice or unmatched.
package enum PaymentKind: IdentifierKind {
    /// The prefix `pay`.
    package static let prefix = "pay"
}
/// A subscription.
package enum SubscriptionKind: IdentifierKind {
    /// The prefix `sub`.
    package static let prefix = "sub"
}
/// Paid media in a chat.
package enum PaidMediaKind: IdentifierKind {
    /// The prefix `pm`.
    package static let prefix = "pm"
}
/// A bot that was added while the gateway runs.
package enum BotKind: IdentifierKind {
    /// The prefix `bot`.
    package static let prefix = "bot"
}
/// A session with a customer's wallet.
package enum WalletSessionKind: IdentifierKind {
    /// The prefix `ws`.
    package static let prefix = "ws"
}
/// Money on its way out: a refund.
package enum RefundKind: IdentifierKind {
    /// The prefix `ref`.
    package static let prefix = "ref"
}
/// Money on its way out: a payout.
package enum PayoutKind: IdentifierKind {
    /// The prefix `po`.
    package static let prefix = "po"
}
/// An event for the merchant.
package enum EventKind: IdentifierKind {
    /// The prefix `evt`.
    package static let prefix = "evt"
}
/// A case that waits for a person.
package enum CaseKind: IdentifierKind {
    /// The prefix `case`.
    package static let prefix = "case"
}
/// A webhook endpoint of a merchant.
package enum WebhookEndpointKind: IdentifierKind {
    /// The prefix `whe`.
    package static let prefix = "whe"
}

/// Identifies a merchant.
package typealias MerchantID = Identifier<MerchantKind>
/// Identifies an API key.
package typealias APIKeyID = Identifier<APIKeyKind>
/// Identifies an invoice.
package typealias InvoiceID = Identifier<InvoiceKind>
/// Identifies a payment link.
package typealias PaymentLinkID = Identifier<PaymentLinkKind>
/// Identifies one way to pay one invoice.
package typealias PaymentOptionID = Identifier<PaymentOptionKind>
/// Identifies a payment.
package typealias PaymentID = Identifier<PaymentKind>
/// Identifies a subscription.
package typealias SubscriptionID = Identifier<SubscriptionKind>
/// Identifies paid media.
package typealias PaidMediaID = Identifier<PaidMediaKind>
/// Identifies a bot.
package typealias BotID = Identifier<BotKind>
/// Identifies a session with a customer's wallet.
package typealias WalletSessionID = Identifier<WalletSessionKind>
/// Identifies a refund.
package typealias RefundID = Identifier<RefundKind>
/// Identifies a payout.
package typealias PayoutID = Identifier<PayoutKind>
/// Identifies an event.
package typealias EventID = Identifier<EventKind>
/// Identifies a case.
package typealias CaseID = Identifier<CaseKind>
/// Identifies a webhook endpoint.
package typealias WebhookEndpointID = Identifier<WebhookEndpointKind>
