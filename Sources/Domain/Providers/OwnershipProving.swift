/// Checks that somebody owns an account on the rail, so that a customer can claim what came without a reference.
package protocol OwnershipProving: Sendable {
    /// Who made a proof, in the words in which payers are kept.
    ///
    /// - Parameters:
    ///   - proof: the rail's own proof, as JSON text of an object.
    ///   - challenge: what was given out to be signed.
    ///   - domain: our own domain, which the customer's wallet has shown.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/refused`` when the proof does not hold.
    /// - Returns: the account.
    func owner(proving proof: String, challenge: String, domain: String) throws(ProviderError) -> String
}
