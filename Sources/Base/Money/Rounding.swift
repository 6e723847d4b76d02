import BigInt

/// The rounding of a residue, which each conversion names, because it decides who gets the residue.
package enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// The residue is dropped.
    case towardZero
    /// Any residue counts as a whole unit.
    case awayFromZero
    /// To the next smaller integer.
    case down
    /// To the next larger integer.
    case up
    /// To the nearest; a half to the even one.
    case halfEven
    /// To the nearest; a half away from zero.
    case halfAwayFromZero

    /// The rounded quotient; the divisor has to be positive.
    func quotient(_ dividend: BigInt, by divisor: BigInt) -> BigInt {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        guard !remainder.isZero else { return quotient }
        let isNegative = dividend.sign == .minus
        let outward = quotient + (isNegative ? -1 : 1)
        let twice = BigInt(remainder.magnitude) * 2
        switch self {
        case .towardZero: return quotient
        case .awayFromZero: return outward
        case .down: return isNegative ? outward : quotient
        case .up: return isNegative ? quotient : outward
        case .halfAwayFromZero: return twice >= divisor ? outward : quotient
        case .halfEven:
            if twice == divisor { return quotient.magnitude % 2 == 0 ? quotient : outward }
            return twice > divisor ? outward : quotient
        }
    }
}
