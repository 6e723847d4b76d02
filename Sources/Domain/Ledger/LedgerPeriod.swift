package import Seams

/// A month of the books, in UTC.
///
/// A ledger transaction belongs to the month in which it was booked, by the gateway's clock, and never to an earlier
/// month than the ledger transaction before it. So periods only go forward in the journal, even when a rail reports a
/// late event or a clock is set back. The closing balance of a period never changes, and is the opening balance of the
/// next.
package struct LedgerPeriod: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The year times a hundred, and the month: 202611 is November 2026.
    package let number: Int64

    /// A period as it was stored.
    package init(number: Int64) { self.number = number }

    /// The period of a ledger transaction that is booked at a moment.
    ///
    /// - Parameters:
    ///   - moment: when it is booked.
    ///   - last: the period of the ledger transaction before it; nil when there is none.
    package init(bookedAt moment: Timestamp, after last: Self?) {
        let month = Self(containing: moment)
        self = last.map { max($0, month) } ?? month
    }

    /// The period that a text names, for example `202611`.
    ///
    /// - Throws: ``LedgerError`` with ``LedgerError/Code/period`` when it is not six digits of a year and a month.
    package init(_ text: String) throws(LedgerError) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard text.utf8.count == 6, text.utf8.allSatisfy(digits.contains), let number = Int64(text),
            (1...12).contains(number % 100)
        else {
            throw LedgerError(.period, "a period is a year and a month, for example 202611")
        }
        self.number = number
    }

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

    /// The month before it.
    package var preceding: Self { Self(number: number % 100 == 1 ? number - 89 : number - 1) }

    /// The number, as it is written in the books and in reports.
    package var description: String { "\(number)" }

    /// Whether `lhs` is the earlier month.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
}
