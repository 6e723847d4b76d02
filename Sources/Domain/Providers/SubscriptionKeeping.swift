/// Keeps subscriptions: the rail itself takes each period's payment by an option whose invoice begins a subscription.
package protocol SubscriptionKeeping: Sendable {
    /// Says whether the rail goes on taking payments.
    ///
    /// - Parameters:
    ///   - charge: the charge by which the subscription began, in the words of its payment's refund target.
    ///   - isRenewed: whether it is paid again.
    /// - Throws: ``ProviderError``.
    func setRenewal(of charge: String, to isRenewed: Bool) async throws(ProviderError)
}
