package import Seams

/// A month of the books, in UTC.
package struct LedgerPeriod: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The year times a hundred, and the month: 202611 is November 2026.
    package let number: Int64

    /// A period as it was stored.
    package init(number: Int64) { self.number = number }

    /// The period that a moment is in.
    ///
    /// The civil date is computed from the days since 1970-01-01 in the proleptic Gregorian calendar, whose years are
    /// counted from March so that the leap day is the last one.
    package init(containing moment: Timestamp) {
        let (quotient, remainder) = moment.seconds.quotientAndRemainder(dividingBy: 86_400)
        let days = (remainder < 0 ? quotient - 1 : quotient) + Self.daysFromMarchOfYear0
        let (cycle, rest) = days.quotientAndRemainder(dividingBy: Self.daysOfCycle)
        let era = rest < 0 ? cycle - 1 : cycle
        let dayOfEra = days - era * Self.daysOfCycle
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        number = year * 100 + month
    }

    /// From 0000-03-01 to 1970-01-01.
    private static let daysFromMarchOfYear0: Int64 = 719_468
    /// 400 years.
    private static let daysOfCycle: Int64 = 146_097

    /// For example `2026-11`.
    package var description: String {
        let month = number % 100
        return "\(number / 100)-\(month < 10 ? "0" : "")\(month)"
    }

    /// Whether `lhs` is the earlier month.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
}
