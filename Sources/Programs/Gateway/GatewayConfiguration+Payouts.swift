import Settlement

extension GatewayConfiguration {
    /// What payouts and refunds may cost the operator.
    package struct Payouts: Codable, Sendable {
        /// The most that the network may charge, in hundredths of a percent of the amount; a tenth of it when it is not set.
        package var networkFeeBasisPoints: Int?

        enum CodingKeys: String, CodingKey {
            case networkFeeBasisPoints = "network_fee_basis_points"
        }

        /// The limits that are set.
        ///
        /// - Throws: ``ConfigurationError`` when they are none.
        func limits() throws(ConfigurationError) -> PayoutLimits {
            guard let points = networkFeeBasisPoints else { return PayoutLimits() }
            guard (1...10_000).contains(points) else {
                throw ConfigurationError("payouts.network_fee_basis_points is from 1 to 10000")
            }
            return PayoutLimits(networkFeeBasisPoints: points)
        }
    }
}
