package import Money
package import Seams
import Synchronization

/// The rates of all pairs from several sources.
package final class RateBook: RateSource {
    private struct Pair: Hashable {
        let base: AssetID
        let quote: AssetID
    }

    private let rules: RateRules
    private let opinions = Mutex<[Pair: PairOpinions]>([:])

    /// A book without rates.
    package init(rules: RateRules) {
        self.rules = rules
    }

    /// Records the rates of a source.
    package func record(_ rates: [Rate], from source: String) {
        opinions.withLock { opinions in
            for rate in rates {
                opinions[Pair(base: rate.base, quote: rate.quote), default: PairOpinions()].record(rate, from: source)
            }
        }
    }

    /// The price of one major unit of `base` in `quote`, also when only the other direction is known.
    ///
    /// - Throws: `MoneyError` with the code `noRate`, which gives the reason.
    package func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
        let direct = verdict(Pair(base: base, quote: quote), at: now)
        switch direct {
        case .good(let rate), .standIn(let rate, _):
            return Quote(rate: rate, validUntil: now.advanced(by: rules.validity))
        case .none(let reason):
            let turned = verdict(Pair(base: quote, quote: base), at: now)
            guard case .good(let rate) = turned, let inverted = try? rate.inverted() else {
                throw MoneyError(.noRate, "no rate of \(base) in \(quote): \(reason)")
            }
            return Quote(rate: inverted, validUntil: now.advanced(by: rules.validity))
        }
    }

    private func verdict(_ pair: Pair, at now: Timestamp) -> PairOpinions.Verdict {
        opinions.withLock { opinions in
            guard var known = opinions[pair] else { return .none(reason: "no source has a rate") }
            defer { opinions[pair] = known }
            return known.judge(at: now, rules)
        }
    }
}
