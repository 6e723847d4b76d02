/// A rail that was to be offered for an invoice and could not be opened.
public struct UnavailableRail: Hashable, Sendable {
    /// The rail.
    public let rail: Rail
    /// The kind of refusal, as it stands in a problem of the interface.
    public let code: String
    /// Why, for the merchant.
    public let reason: String

    /// A rail that could not be opened.
    public init(rail: Rail, code: String, reason: String) {
        self.rail = rail
        self.code = code
        self.reason = reason
    }
}
