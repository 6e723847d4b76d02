import BigInt

/// The balance of one account in one asset before a block and after it.
///
/// Money is read from blocks by one law: the observations of an account in a block add up exactly to the change of its
/// balance. This holds whatever arrived, left, failed or moved inside a contract, and in any order.
struct BalanceChange: Hashable, Sendable {
    let before: BigUInt
    let after: BigUInt

    /// Why a balance changed; the parts add up to the change.
    struct Explanation: Hashable, Sendable {
        /// The effect of each transfer and fee that the block shows, in their order; negative when money left.
        var shown: [BigInt]
        /// The part that nothing in the block shows.
        var rest: BigInt
    }

    /// By how much the balance grew.
    var growth: BigInt { BigInt(after) - BigInt(before) }

    /// Explains the change by the transfers and fees in the block.
    ///
    /// A token may charge for transfers and still log the whole amount. So the missing part of a token is taken from
    /// the arrived transfers, from each its share; no part of coins is ever kept. The rest is not assigned to anything
    /// yet, and is never dropped.
    ///
    /// - Parameters:
    ///   - shown: the arrived (positive) and sent (negative) units as the block shows them.
    ///   - keepsParts: whether the asset may keep a part of an arriving transfer.
    /// - Returns: the parts, whose sum is ``growth``.
    func explained(by shown: [BigInt], keepsParts: Bool) -> Explanation {
        let rest = growth - shown.reduce(0, +)
        guard keepsParts, rest < 0 else { return Explanation(shown: shown, rest: rest) }
        let arrived = shown.filter { $0 > 0 }.reduce(0, +)
        let missing = min(-rest, arrived)
        guard missing > 0 else { return Explanation(shown: shown, rest: rest) }
        var parts = shown.map { $0 > 0 ? $0 - missing * $0 / arrived : $0 }
        // Rounding leaves less than one unit per transfer, which the first ones bear.
        var left = missing - zip(shown, parts).reduce(BigInt(0)) { $0 + $1.0 - $1.1 }
        for index in parts.indices where left > 0 && shown[index] > 0 && parts[index] > 0 {
            parts[index] -= 1
            left -= 1
        }
        return Explanation(shown: parts, rest: rest + missing)
    }
}
