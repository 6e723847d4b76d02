package import Money
package import Payments

/// Receives the messages that a rail pushes.
package protocol PushReceiving: Sendable {
    /// The inbox that stores the rail's messages, for example `telegram:shop`.
    ///
    /// Providers of one bot share an inbox, and each reads only its own messages.
    var source: String { get }

    /// Reads one pushed message.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/malformed`` when it cannot be read; the message is then
    ///   set aside for a person.
    func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage]

    /// Sends the rail the decision about a pushed question.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/tooLate`` when the rail no longer waits.
    func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError)
}

/// The meaning of a pushed message.
package enum PushedMessage: Hashable, Sendable {
    /// The rail asks whether the customer may pay, and waits only seconds.
    case question(ApprovalRequest)
    /// Something happened.
    case observation(Observation)
    /// The customer or the rail has changed a subscription, which is named by the reference of its invoice.
    case subscription(PaymentReference, SubscriptionStatus.Event)
    /// The message does not concern money.
    case nothing
}

/// A question of the rail before it takes the customer's money.
package struct ApprovalRequest: Hashable, Sendable {
    /// The topic of the question.
    package enum Topic: Hashable, Sendable {
        /// May this payment be taken (`pre_checkout_query`)?
        case payment(amount: Amount)
        /// Which ways of shipping are there to this address (`shipping_query`)? The address is JSON text.
        case shipping(address: String)
    }

    /// The rail's identifier of the question.
    package let id: String
    /// The reference of the option to be paid.
    package let reference: PaymentReference
    /// The payer, in the rail's own words.
    package let payer: String
    /// The topic of the question.
    package let topic: Topic
    /// The way of shipping that the customer chose; nil when none was chosen.
    package let shippingOption: String?

    /// A question of the rail.
    package init(
        id: String,
        reference: PaymentReference,
        payer: String,
        topic: Topic,
        shippingOption: String? = nil
    ) {
        self.id = id
        self.shippingOption = shippingOption
        self.reference = reference
        self.payer = payer
        self.topic = topic
    }
}

/// The decision about an ``ApprovalRequest``.
package enum ApprovalDecision: Hashable, Sendable {
    /// The payment may be taken.
    case approved
    /// The goods can be shipped, in these ways.
    case shipping([ShippingOption])
    /// The payment may not be taken; the customer reads `message`.
    case refused(message: String)
}
