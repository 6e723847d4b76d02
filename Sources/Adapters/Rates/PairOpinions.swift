import BigInt
import Money
import Seams

/// The rates of several sources for one pair of assets, and the rate that follows from them: a value, without clock and
/// network.
struct PairOpinions: Hashable, Sendable {
    /// The verdict at a moment.
    enum Verdict: Hashable, Sendable {
        /// A rate on which the sources agree.
        case good(Rate)
        /// No trustworthy sources, but a recent good rate.
        case standIn(Rate, reason: String)
        /// No trustworthy rate.
        case none(reason: String)
    }

    private var latest: [String: Rate] = [:]
    private var lastGood: Rate?

    /// Records a source's rate, unless a newer one of that source is known.
    mutating func record(_ rate: Rate, from source: String) {
        if let known = latest[source], known.observedAt > rate.observedAt { return }
        latest[source] = rate
    }

    /// The verdict at a moment; a good rate is remembered.
    mutating func judge(at now: Timestamp, _ rules: RateRules) -> Verdict {
        let reason: String
        switch agreed(at: now, rules) {
        case .success(let rate):
            guard let old = standIn(at: now, rules),
                Self.isFar(rate, from: old, by: rules.jumpBasisPoints)
            else {
                lastGood = rate
                return .good(rate)
            }
            reason = "the rate has jumped by more than \(rules.jumpBasisPoints / 100) percent"
        case .failure(let refusal): reason = refusal.reason
        }
        guard let old = standIn(at: now, rules) else { return .none(reason: reason) }
        return .standIn(old, reason: reason)
    }

    private func standIn(at now: Timestamp, _ rules: RateRules) -> Rate? {
        lastGood.flatMap { $0.age(at: now) <= rules.lastGoodLimit ? $0 : nil }
    }

    private struct Disagreement: Error {
        let reason: String
    }

    /// The median of the fresh rates, without those that are far from it.
    private func agreed(at now: Timestamp, _ rules: RateRules) -> Result<Rate, Disagreement> {
        let fresh = latest.filter { entry in
            let age = entry.value.age(at: now)
            // A rate from the future means a wrong clock.
            return age <= rules.maximumAge && age >= .seconds(-60)
        }
        .sorted { Self.isLess($0.value, $1.value) || (!Self.isLess($1.value, $0.value) && $0.key < $1.key) }
        guard !fresh.isEmpty else {
            return .failure(Disagreement(reason: latest.isEmpty ? "no source has a rate" : "every source is too old"))
        }
        guard let middle = Self.median(fresh.map(\.value)) else {
            return .failure(Disagreement(reason: "a source states a price of zero"))
        }
        let near = fresh.filter { !Self.isFar($0.value, from: middle, by: rules.deviationBasisPoints) }
        // A single source is enough when there is only one; otherwise more than half have to agree.
        guard near.count * 2 > fresh.count, let rate = Self.median(near.map(\.value)) else {
            return .failure(Disagreement(reason: "the sources disagree"))
        }
        let oldest = near.map(\.value.observedAt).min() ?? now
        let names = near.map(\.key).sorted().joined(separator: ", ")
        return Self.named(rate, near.count == 1 ? names : "median of \(names)", at: oldest)
    }

    private static func named(_ rate: Rate, _ source: String, at moment: Timestamp) -> Result<Rate, Disagreement> {
        do {
            return .success(
                try Rate(
                    base: rate.base,
                    quote: rate.quote,
                    numerator: rate.numerator,
                    denominator: rate.denominator,
                    source: source,
                    observedAt: moment
                )
            )
        } catch { return .failure(Disagreement(reason: error.reason)) }
    }

    // MARK: - Fractions

    private static func isLess(_ left: Rate, _ right: Rate) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    /// The middle one of sorted rates, or the exact mean of the two middle ones.
    private static func median(_ sorted: [Rate]) -> Rate? {
        guard let last = sorted.last else { return nil }
        let (left, right) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
        guard left != right else { return left }
        return try? Rate(
            base: last.base,
            quote: last.quote,
            numerator: left.numerator * right.denominator + right.numerator * left.denominator,
            denominator: left.denominator * right.denominator * 2,
            source: last.source,
            observedAt: last.observedAt
        )
    }

    /// Whether two rates differ by more than `basisPoints` hundredths of a percent of the second.
    private static func isFar(_ rate: Rate, from other: Rate, by basisPoints: Int) -> Bool {
        let (one, two) = (rate.numerator * other.denominator, other.numerator * rate.denominator)
        let distance = one > two ? one - two : two - one
        return distance * 10_000 > two * BigUInt(max(0, basisPoints))
    }
}
