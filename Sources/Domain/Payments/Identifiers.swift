public import Seams

/// The tenant that sells something.
public enum MerchantKind: IdentifierKind {
    /// The prefix `mer`.
    public static let prefix = "mer"
}
/// An API key.
public enum APIKeyKind: IdentifierKind {
    /// The prefix `key`.
    public static let prefix = "key"
}
/// What is owed.
public enum InvoiceKind: IdentifierKind {
    /// The prefix `inv`.
    public static let prefix = "inv"
}
/// What everybody can buy by.
public enum PaymentLinkKind: IdentifierKind {
    /// The prefix `link`.
    public static let prefix = "link"
}
/// One way to pay an invoice.
public enum PaymentOptionKind: IdentifierKind {
    /// The prefix `opt`.
    public static let prefix = "opt"
}
/// Money seen for an invoice, or for none.
public enum PaymentKind: IdentifierKind {
    /// The prefix `pay`.
    public static let prefix = "pay"
}
/// What a customer pays again and again.
public enum SubscriptionKind: IdentifierKind {
    /// The prefix `sub`.
    public static let prefix = "sub"
}
/// What everybody in a chat can buy.
public enum PaidMediaKind: IdentifierKind {
    /// The prefix `pm`.
    public static let prefix = "pm"
}
/// A bot that was added while the gateway runs.
public enum BotKind: IdentifierKind {
    /// The prefix `bot`.
    public static let prefix = "bot"
}
/// A session with a customer's wallet.
public enum WalletSessionKind: IdentifierKind {
    /// The prefix `ws`.
    public static let prefix = "ws"
}
/// Money on its way out: a refund.
public enum RefundKind: IdentifierKind {
    /// The prefix `ref`.
    public static let prefix = "ref"
}
/// Money on its way out: a payout.
public enum PayoutKind: IdentifierKind {
    /// The prefix `po`.
    public static let prefix = "po"
}
/// Something that happened, told to the merchant.
public enum EventKind: IdentifierKind {
    /// The prefix `evt`.
    public static let prefix = "evt"
}
/// An exception that a person may have to look at.
public enum CaseKind: IdentifierKind {
    /// The prefix `case`.
    public static let prefix = "case"
}
/// An address of the merchant that events are sent to.
public enum WebhookEndpointKind: IdentifierKind {
    /// The prefix `whe`.
    public static let prefix = "whe"
}

/// Identifies a merchant.
public typealias MerchantID = Identifier<MerchantKind>
/// Identifies an API key.
public typealias APIKeyID = Identifier<APIKeyKind>
/// Identifies an invoice.
public typealias InvoiceID = Identifier<InvoiceKind>
/// Identifies a payment link.
public typealias PaymentLinkID = Identifier<PaymentLinkKind>
/// Identifies one way to pay one invoice.
public typealias PaymentOptionID = Identifier<PaymentOptionKind>
/// Identifies a payment.
public typealias PaymentID = Identifier<PaymentKind>
/// Identifies a subscription.
public typealias SubscriptionID = Identifier<SubscriptionKind>
/// Identifies paid media.
public typealias PaidMediaID = Identifier<PaidMediaKind>
/// Identifies a bot.
public typealias BotID = Identifier<BotKind>
/// Identifies a session with a customer's wallet.
public typealias WalletSessionID = Identifier<WalletSessionKind>
/// Identifies a refund.
public typealias RefundID = Identifier<RefundKind>
/// Identifies a payout.
public typealias PayoutID = Identifier<PayoutKind>
/// Identifies an event.
public typealias EventID = Identifier<EventKind>
/// Identifies a case.
public typealias CaseID = Identifier<CaseKind>
/// Identifies a webhook endpoint.
public typealias WebhookEndpointID = Identifier<WebhookEndpointKind>
