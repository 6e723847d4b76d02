/// The rules by which a rate is trusted.
package struct RateRules: Hashable, Sendable {
    /// The maximum age of a source's rate.
    package var maximumAge: Duration
    /// For how long the last good rate is used when there is no other.
    package var lastGoodLimit: Duration
    /// How far a source may differ from the median of all, in hundredths of a percent.
    package var deviationBasisPoints: Int
    /// How far a new rate may differ from a last good rate that is still usable, in hundredths of a percent.
    ///
    /// A larger jump is an inverted price, or one in other units.
    package var jumpBasisPoints: Int
    /// How long a quote holds.
    package var validity: Duration

    /// Rules; by default, rates may be five minutes old and have to be within five percent of the median.
    package init(
        maximumAge: Duration = .seconds(300),
        lastGoodLimit: Duration = .seconds(3_600),
        deviationBasisPoints: Int = 500,
        jumpBasisPoints: Int = 5_000,
        validity: Duration = .seconds(900)
    ) {
        self.maximumAge = maximumAge
        self.lastGoodLimit = lastGoodLimit
        self.deviationBasisPoints = deviationBasisPoints
        self.jumpBasisPoints = jumpBasisPoints
        self.validity = validity
    }
}
