import BigInt

/// What one account held of one asset before a block and after it.
///
/// The law by which money is read from blocks: what a block means for an account adds up to the change of the account's
/// balance, to the unit, whatever came, left, failed or moved inside a contract, and in whatever order.
struct BalanceChange: Hashable, Sendable {
    let before: BigUInt
    let after: BigUInt

    /// Why a balance changed; the parts add up to the change.
    struct Explanation: Hashable, Sendable {
        /// What each transfer and fee that the block shows came to, in their order; negative when it left.
        var shown: [BigInt]
        /// What nothing in the block shows.
        var rest: BigInt
    }

    /// By how much the balance grew.
    var growth: BigInt { BigInt(after) - BigInt(before) }

    /// Explains the change by what the block shows of it.
    ///
    /// What is missing of a token was kept by the token from what arrived, each transfer its share: a token may charge for
    /// transfers and log the whole. Coins are never kept. What remains is nobody's yet, and is never dropped.
    ///
    /// - Parameters:
    ///   - shown: what came (positive) and left (negative) as the block shows it.
    ///   - keepsParts: whether the asset may keep a part of what arrives.
    /// - Returns: the parts, whose sum is ``growth``.
    func explained(by shown: [BigInt], keepsParts: Bool) -> Explanation {
        let rest = growth - shown.reduce(0, +)
        guard keepsParts, rest < 0 else { return Explanation(shown: shown, rest: rest) }
        let arrived = shown.filter { $0 > 0 }.reduce(0, +)
        let missing = min(-rest, arrived)
        guard missing > 0 else { return Explanation(shown: shown, rest: rest) }
        var parts = shown.map { $0 > 0 ? $0 - missing * $0 / arrived : $0 }
        // Rounding leaves less than a unit for each; the first ones bear it.
        var left = missing - zip(shown, parts).reduce(BigInt(0)) { $0 + $1.0 - $1.1 }
        for index in parts.indices where left > 0 && shown[index] > 0 && parts[index] > 0 {
            parts[index] -= 1
            left -= 1
        }
        return Explanation(shown: parts, rest: rest + missing)
    }
}
