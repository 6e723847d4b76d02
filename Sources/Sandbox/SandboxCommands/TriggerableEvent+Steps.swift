import CommandParts

/// The steps by which an event happens to merchants.
extension TriggerableEvent {
    /// The object that is paid.
    enum Subject {
        case invoiceOnTON
        /// On a chain that shows payments before they are final.
        case invoiceOnEVM
        case subscription
    }

    /// One thing that a customer, a merchant or time does.
    enum Step {
        case pay
        case cancel
        case waitUntilOver
        case waitForRenewal
        case loseBlocks
        case tellSubscription(String)
        case refund
        case payOut
        case acceptCase
        /// Waits for an event, because later steps need its content.
        case expect(TriggerableEvent)
    }

    var subject: Subject {
        if rawValue.hasPrefix("subscription.") { return .subscription }
        switch self {
        case .invoiceProcessing, .paymentDetected, .paymentLost, .invoiceReopened: return .invoiceOnEVM
        default: return .invoiceOnTON
        }
    }

    /// The steps after an invoice or a subscription was opened.
    var steps: [Step] {
        switch self {
        case .invoiceCreated: []
        case .invoiceProcessing, .paymentDetected, .invoiceSettled, .paymentReceived: [.pay]
        case .paymentLost, .invoiceReopened: [.pay, .expect(.invoiceProcessing), .loseBlocks]
        case .invoiceExpired: [.waitUntilOver]
        case .invoiceCancelled: [.cancel]
        case .caseOpened: [.pay, .pay]
        case .caseResolved: [.pay, .pay, .expect(.caseOpened), .acceptCase]
        case .refundCreated, .refundCompleted: [.pay, .expect(.invoiceSettled), .refund]
        case .payoutCreated, .payoutCompleted: [.pay, .expect(.invoiceSettled), .payOut]
        case .subscriptionActivated: [.pay]
        case .subscriptionRenewed: [.pay, .expect(.subscriptionActivated), .waitForRenewal]
        case .subscriptionCanceled: [.pay, .expect(.subscriptionActivated), .tellSubscription("canceled")]
        case .subscriptionPastDue: [.pay, .expect(.subscriptionActivated), .tellSubscription("failed")]
        case .subscriptionRestored:
            Self.subscriptionCanceled.steps + [.expect(.subscriptionCanceled), .tellSubscription("active")]
        case .subscriptionEnded: Self.subscriptionCanceled.steps + [.expect(.subscriptionCanceled), .waitForRenewal]
        }
    }
}
