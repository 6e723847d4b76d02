/// Manages subscriptions whose payments the rail itself takes each period, by the option that began the subscription.
package protocol SubscriptionKeeping: Sendable {
    /// Sets whether the rail goes on taking payments.
    ///
    /// - Parameters:
    ///   - charge: the charge that began the subscription, in the form of its payment's refund target.
    ///   - isRenewed: whether the next period is paid.
    /// - Throws: ``ProviderError``.
    func setRenewal(of charge: String, to isRenewed: Bool) async throws(ProviderError)
}
