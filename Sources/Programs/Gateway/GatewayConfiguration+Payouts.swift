import Settlement

extension GatewayConfiguration {
    /// Limits of the fees that payouts and refunds cost the operator.
    package struct Payouts: Codable, Sendable {
        /// The highest network fee, in hundredths of a percent of the amount; a tenth of the amount when nil.
        package var networkFeeBasisPoints: Int?

        enum CodingKeys: String, CodingKey {
            case networkFeeBasisPoints = "network_fee_basis_points"
        }

        /// The limits that are set.
        ///
        /// - Throws: ``ConfigurationError`` when they are out of bounds.
        func limits() throws(ConfigurationError) -> PayoutLimits {
            guard let points = networkFeeBasisPoints else { return PayoutLimits() }
            guard (1...10_000).contains(points) else {
                throw ConfigurationError("payouts.network_fee_basis_points is from 1 to 10000")
            }
            return PayoutLimits(networkFeeBasisPoints: points)
        }
    }
}
