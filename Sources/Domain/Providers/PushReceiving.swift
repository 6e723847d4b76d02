package import Money
package import Payments

/// Takes what a rail pushes to us.
package protocol PushReceiving: Sendable {
    /// The inbox that the rail's messages are kept in, for example `telegram:shop`; providers of one bot share it, and
    /// each reads only what concerns it.
    var source: String { get }

    /// Reads one pushed message.
    ///
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/malformed`` when it cannot be read; it is set aside for
    ///   a person then.
    func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage]

    /// Tells the rail what was decided about a pushed question.
    ///
    /// - Throws: ``ProviderError``; with ``ProviderError/Code/tooLate`` when the rail no longer waits.
    func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError)
}

/// What a pushed message means.
package enum PushedMessage: Hashable, Sendable {
    /// The rail asks whether the customer may pay; it waits only seconds.
    case question(ApprovalRequest)
    /// Something happened.
    case observation(Observation)
    /// What a customer, or the rail, has decided about a subscription, which its invoice's reference names.
    case subscription(PaymentReference, SubscriptionStatus.Event)
    /// Nothing that concerns money.
    case nothing
}

/// A question of the rail before it takes the customer's money.
package struct ApprovalRequest: Hashable, Sendable {
    /// What is asked.
    package enum Topic: Hashable, Sendable {
        /// May this payment be taken (`pre_checkout_query`)?
        case payment(amount: Amount)
        /// Which ways of shipping are there to this address (`shipping_query`)? The address is JSON text.
        case shipping(address: String)
    }

    /// The rail's own identifier of the question.
    package let id: String
    /// What would be paid.
    package let reference: PaymentReference
    /// Who would pay, in the rail's own words.
    package let payer: String
    /// What is asked.
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

/// What was decided about an ``ApprovalRequest``.
package enum ApprovalDecision: Hashable, Sendable {
    /// The payment may be taken.
    case approved
    /// It is shipped: these ways are offered.
    case shipping([ShippingOption])
    /// No, with a sentence that the customer reads.
    case refused(message: String)
}
