/// Which holder of a limited place gives it up for a newcomer, so that one merchant's customers never push out another's.
package enum FairPlaces {
    /// A place that is held for a merchant's customer.
    package struct Place<ID: Hashable & Sendable>: Hashable, Sendable {
        /// Who holds it.
        package let id: ID
        /// Whose customer that is.
        package let merchant: MerchantID
        /// Whether nothing has happened in it yet, so that it is given up first.
        package let isWaiting: Bool

        /// A place that is held for a merchant's customer.
        package init(id: ID, merchant: MerchantID, isWaiting: Bool) {
            self.id = id
            self.merchant = merchant
            self.isWaiting = isWaiting
        }
    }

    /// The place that is given up: the oldest of the merchant who holds most, the newcomer counted; of several such
    /// merchants the newcomer's own gives one up.
    ///
    /// - Parameters:
    ///   - merchant: the newcomer's merchant.
    ///   - places: all that are held, the oldest first.
    /// - Returns: nil when the newcomer's merchant holds none and nobody else holds more than one.
    package static func displaced<ID>(by merchant: MerchantID, among places: [Place<ID>]) -> ID? {
        var counts = [merchant: 1]
        for place in places { counts[place.merchant, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let owner = counts[merchant] == most ? merchant : places.first { counts[$0.merchant] == most }?.merchant
        let own = places.filter { $0.merchant == owner }
        return (own.first(where: \.isWaiting) ?? own.first)?.id
    }
}
