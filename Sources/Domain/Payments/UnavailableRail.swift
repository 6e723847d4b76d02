/// A rail that was to be offered for an invoice and could not be opened.
package struct UnavailableRail: Hashable, Sendable {
    /// The rail.
    package let rail: Rail
    /// The kind of refusal, as in a problem of the API.
    package let code: String
    /// Why, for the merchant.
    package let reason: String

    /// A rail that could not be opened.
    package init(rail: Rail, code: String, reason: String) {
        self.rail = rail
        self.code = code
        self.reason = reason
    }
}
