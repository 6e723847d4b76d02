/// Decides which holder of a limited place makes room for a newcomer, so that one merchant's customers never displace
/// another's.
package enum FairPlaces {
    /// A place that is held for a merchant's customer.
    package struct Place<ID: Hashable & Sendable>: Hashable, Sendable {
        /// The holder.
        package let id: ID
        /// The merchant whose customer holds it.
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

    /// The place to give up: the oldest one of the merchant with the most places, counting the newcomer.
    ///
    /// When several merchants have the most, the newcomer's own merchant gives one up.
    ///
    /// - Parameters:
    ///   - merchant: the newcomer's merchant.
    ///   - places: all held places, the oldest first.
    /// - Returns: the holder; nil when the newcomer's merchant holds none and no other holds more than one.
    package static func displaced<ID>(by merchant: MerchantID, among places: [Place<ID>]) -> ID? {
        var counts = [merchant: 1]
        for place in places { counts[place.merchant, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let owner = counts[merchant] == most ? merchant : places.first { counts[$0.merchant] == most }?.merchant
        let own = places.filter { $0.merchant == owner }
        return (own.first(where: \.isWaiting) ?? own.first)?.id
    }
}
