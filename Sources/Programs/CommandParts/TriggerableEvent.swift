import ArgumentParser

/// An event that can be made to happen in a sandbox, in the way in which it happens to merchants.
package enum TriggerableEvent: String, CaseIterable, ExpressibleByArgument {
    case invoiceCreated = "invoice.created"
    case invoiceProcessing = "invoice.processing"
    case invoiceSettled = "invoice.settled"
    case invoiceExpired = "invoice.expired"
    case invoiceCancelled = "invoice.cancelled"
    case invoiceReopened = "invoice.reopened"
    case paymentDetected = "payment.detected"
    case paymentLost = "payment.lost"
    case paymentReceived = "payment.received"
    case caseOpened = "case.opened"
    case caseResolved = "case.resolved"
    case refundCreated = "refund.created"
    case refundCompleted = "refund.completed"
    case payoutCreated = "payout.created"
    case payoutCompleted = "payout.completed"
    case subscriptionActivated = "subscription.activated"
    case subscriptionRenewed = "subscription.renewed"
    case subscriptionCanceled = "subscription.canceled"
    case subscriptionRestored = "subscription.restored"
    case subscriptionPastDue = "subscription.past_due"
    case subscriptionEnded = "subscription.ended"
}
