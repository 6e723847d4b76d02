/// When a rate is believed.
package struct RateRules: Hashable, Sendable {
    /// How old what a source says may be.
    package var maximumAge: Duration
    /// For how long the last good rate stands in when there is no other.
    package var lastGoodLimit: Duration
    /// How far a source may be from the median of all, in hundredths of a percent.
    package var deviationBasisPoints: Int
    /// How far a new rate may be from the last good one while that still stands in, in hundredths of a percent: more is a
    /// price upside down, or in other units.
    package var jumpBasisPoints: Int
    /// How long a quote holds.
    package var validity: Duration

    /// Rules; the usual ones take what is five minutes old and within five percent of the median.
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
