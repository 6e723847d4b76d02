/// RFC 3339 text of a moment in UTC, computed with integers.
extension Timestamp: CustomStringConvertible {
    /// The moment as RFC 3339 with milliseconds, for example `2026-11-24T12:00:00.000Z`.
    public var description: String {
        let day = Self.floorDivide(seconds, by: 86_400)
        let second = seconds - day * 86_400
        let (year, month, dayOfMonth) = Self.civil(fromDay: day)
        let date = "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(dayOfMonth, to: 2))"
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { Self.padded($0, to: 2) }
        let fraction = Self.padded(milliseconds - seconds * 1_000, to: 3)
        return "\(date)T\(clock.joined(separator: ":")).\(fraction)Z"
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ value: Int64, to width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01, by counting years that begin in March, so that
    /// the leap day is the last of its year.
    private static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
