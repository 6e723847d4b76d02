/// Checks that somebody owns an account on the rail, so that a customer can claim a payment without a reference.
package protocol OwnershipProving: Sendable {
    /// The account of the person who made a proof, in the form in which payers are stored.
    ///
    /// - Parameters:
    ///   - proof: the rail's own proof, as JSON text of an object.
    ///   - challenge: the text that was issued to be signed.
    ///   - domain: our own domain, which the customer's wallet has shown.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/refused`` when the proof does not hold.
    /// - Returns: the account.
    func owner(proving proof: String, challenge: String, domain: String) throws(ProviderError) -> String
}
