/// The file of matching rules, `Config/matching.yaml`.
package struct MatchingDocument: Hashable, Sendable, Codable {
    /// The rules, in any order.
    package let rules: [MatchingRule]
}
