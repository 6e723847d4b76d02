/// Decides on which rails an invoice may be paid, before any provider is asked.
///
/// The rules are data (`Config/rail-policy.yaml`), each with a name and the clause that it rests on, so that a refusal
/// can name both. A combination that no rule allows is refused.
package struct RailPolicy: Hashable, Sendable, Codable {
    /// Where the customer pays.
    package enum Place: String, Hashable, Sendable, CaseIterable, Codable {
        /// In a bot or Mini App.
        case telegram
        /// On the merchant's own web page.
        case web
    }

    /// One rule: what it allows, and why anything else is refused.
    package struct Rule: Hashable, Sendable, Codable {
        /// The rule's name, which a refusal gives.
        package let name: String
        /// The goods that the rule is about.
        package let goods: [Invoice.Goods]
        /// The place that the rule is about.
        package let place: Place
        /// The rails that it allows.
        package let rails: [Rail]
        /// The clause that the rule rests on, for a person.
        package let reason: String

        /// A rule of the policy.
        package init(name: String, goods: [Invoice.Goods], place: Place, rails: [Rail], reason: String) {
            self.name = name
            self.goods = goods
            self.place = place
            self.rails = rails
            self.reason = reason
        }
    }

    /// The rules; a combination of goods and place is decided by the first one that is about it.
    package let rules: [Rule]

    /// The policy made of `rules`.
    package init(rules: [Rule]) {
        self.rules = rules
    }

    /// The rails that goods may be paid on in a place.
    package func rails(for goods: Invoice.Goods, in place: Place) -> [Rail] {
        rule(for: goods, in: place)?.rails ?? []
    }

    /// Lets a combination pass, or throws the rule that refuses it.
    ///
    /// - Throws: ``PaymentsError/refusedByPolicy(rule:reason:)``.
    package func check(_ rail: Rail, for goods: Invoice.Goods, in place: Place) throws(PaymentsError) {
        guard let rule = rule(for: goods, in: place) else {
            throw .refusedByPolicy(
                rule: "default",
                reason: "no rule allows \(goods.rawValue) goods in \(place.rawValue)"
            )
        }
        guard rule.rails.contains(rail) else { throw .refusedByPolicy(rule: rule.name, reason: rule.reason) }
    }

    private func rule(for goods: Invoice.Goods, in place: Place) -> Rule? {
        rules.first { $0.place == place && $0.goods.contains(goods) }
    }
}
