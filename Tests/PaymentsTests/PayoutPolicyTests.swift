import Money
import Payments
import Seams
import Testing

@Suite("Rules for payouts")
struct PayoutPolicyTests {
    private static let assets = [AssetID.stars, try? AssetID("ton:testnet:native")].compactMap(\.self)

    private struct World {
        let random: SeededRandom

        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

        func policy() -> PayoutPolicy {
            var limits: [AssetID: Amount] = [:]
            for asset in assets where below(3) > 0 { limits[asset] = Amount(asset: asset, units: Int256(below(4))) }
            return PayoutPolicy(
                listedDestinationsOnly: below(2) == 0,
                delay: .seconds(Int64(below(4)) * 3_600),
                dailyLimits: limits
            )
        }
    }

    @Test("allow of two only what both allow, in whatever order", arguments: 0..<200 as Range<UInt64>)
    func lattice(seed: UInt64) {
        let world = World(random: SeededRandom(seed: seed))
        let (a, b, c) = (world.policy(), world.policy(), world.policy())
        #expect(a.strictest(with: a) == a)
        #expect(a.strictest(with: b) == b.strictest(with: a))
        #expect(a.strictest(with: b).strictest(with: c) == a.strictest(with: b.strictest(with: c)))
        #expect(a.strictest(with: .open) == a)
        let both = a.strictest(with: b)
        for asset in Self.assets {
            for units in 0..<5 {
                let amount = Amount(asset: asset, units: Int256(units))
                let either = a.needsOtherKey(for: amount, after: 0) || b.needsOtherKey(for: amount, after: 0)
                #expect(both.needsOtherKey(for: amount, after: 0) == either)
            }
        }
    }

    /// The newest of the steps that count.
    private static func counting(_ steps: [PayoutPolicy.Step], at moment: Timestamp) -> PayoutPolicy {
        steps.last { $0.countsFrom <= moment }?.policy ?? .open
    }

    @Test("stay as strict as they were for their whole delay, whatever is changed", arguments: 0..<200 as Range<UInt64>)
    func delays(seed: UInt64) {
        let world = World(random: SeededRandom(seed: seed))
        var now = Timestamp(seconds: 1_000_000)
        var steps: [PayoutPolicy.Step] = []
        var promised: [(policy: PayoutPolicy, until: Timestamp)] = []
        for _ in 0..<30 {
            now = now.advanced(by: .seconds(Int64(world.below(7_200))))
            let old = Self.counting(steps, at: now)
            let new = world.policy()
            steps += old.steps(to: new, at: now)
            promised.append((old, now.advanced(by: old.delay)))
            let counting = Self.counting(steps, at: now)
            #expect(counting.strictest(with: new) == counting, "what is stricter counts at once")
            for (policy, until) in promised where now < until {
                #expect(counting.strictest(with: policy) == counting, "seed \(seed)")
            }
            let later = now.advanced(by: old.delay)
            #expect(Self.counting(steps, at: later) == new, "and all of it after the delay")
        }
    }

    @Test("add amounts that would overflow as amounts beyond every limit")
    func overflow() throws {
        let asset = AssetID.stars
        // 2^255 - 1
        let most = try Int256(
            decimal: "57896044618658097711785492504343953926634992332820282019728792003956564819967".utf8
        )
        let (less, _) = most.addingReportingOverflow(Int256(-1))
        let policy = PayoutPolicy(
            listedDestinationsOnly: false,
            delay: .zero,
            dailyLimits: [asset: Amount(asset: asset, units: most)]
        )
        let one = Amount(asset: asset, units: 1)
        #expect(!policy.needsOtherKey(for: one, after: less))
        #expect(policy.needsOtherKey(for: one, after: most))
    }
}
