package import Money

/// A refusal by the rules of invoices, payments, refunds and payouts.
package enum PaymentsError: Error, Hashable, Sendable {
    /// The event has no meaning in the current state; the text says why.
    case invalidTransition(String)
    /// Amounts do not fit each other, or overflow.
    case amount(MoneyError)
    /// The rail policy does not allow the combination; the text names the rule.
    case refusedByPolicy(rule: String, reason: String)
}
