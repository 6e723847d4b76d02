/// A moment in microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// An integer, so that equal moments are equal on every machine and in every database, and so that no floating point
/// comes near the records that carry money.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// A moment that never comes.
    package static let distantFuture = Self(microseconds: .max)

    /// Microseconds since the Unix epoch.
    package var microseconds: Int64

    /// The moment `microseconds` after the Unix epoch.
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The moment `seconds` after the Unix epoch; a value that does not fit is clamped to the representable range.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the Unix epoch, rounded down.
    package var seconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    package var milliseconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The moment `interval` later, clamped to the representable range.
    package func advanced(by interval: Duration) -> Self {
        let (sum, overflow) = microseconds.addingReportingOverflow(interval.wholeMicroseconds)
        return Self(microseconds: overflow ? (interval < .zero ? .min : .max) : sum)
    }

    /// How long after `earlier` this moment is; negative when it is before, clamped to the representable range.
    package func since(_ earlier: Self) -> Duration {
        let (difference, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
        return .microseconds(overflow ? (self < earlier ? .min : .max) : difference)
    }

    /// Whether `lhs` is the earlier moment.
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.microseconds < rhs.microseconds }
}

extension Duration {
    /// The duration in microseconds, rounded towards zero and clamped to 64 bits.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
