import BigInt

/// Transfers whose fate is not known: each has left the provider's account, with a fee that is not known yet, or has not.
///
/// They explain a difference between rail and ledger only where some of them, each in full, add up to it. A loss beside
/// them stays unexplained.
struct TransfersOnTheirWay {
    /// How much one takes of an asset when it has left: at least the amount, at most with the network's highest charge.
    struct Share {
        let least: BigInt
        let most: BigInt

        /// A share of `amount`, and of at most `charge` for the network.
        init(amount: BigInt, charge: BigInt) {
            least = amount
            most = amount + charge
        }
    }

    /// How many separate ranges of sums are told apart; beyond, only the greatest sum counts.
    private static let sumLimit = 4_096

    /// The shares in one asset.
    let shares: [Share]

    /// Whether some of them add up to what is missing.
    ///
    /// `missing` is how much less the rail has than the ledger; a negative one is never explained.
    func explain(missing: BigInt) -> Bool {
        guard missing > 0 else { return missing == 0 }
        var sums = [0...BigInt(0)]
        for share in shares {
            let more = sums.map { $0.lowerBound + share.least...$0.upperBound + share.most }
            sums = Self.merged(sums + more)
            guard sums.count <= Self.sumLimit else { return missing <= shares.reduce(0) { $0 + $1.most } }
        }
        return sums.contains { $0.contains(missing) }
    }

    private static func merged(_ ranges: [ClosedRange<BigInt>]) -> [ClosedRange<BigInt>] {
        var merged: [ClosedRange<BigInt>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}
