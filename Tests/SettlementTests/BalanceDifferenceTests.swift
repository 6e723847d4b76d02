import BigInt
import Payments
import Providers
import Seams
import Testing

/// What was decided of a difference, in a short form.
private struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let difference: BalanceDifference
    let outcome: BalanceDifference.Outcome
    var testDescription: String { name }

    init(
        _ name: String,
        _ units: BigInt,
        isPayable: Bool = true,
        changes: [BigInt] = [],
        payments: [BalanceDifference.Shown] = [],
        orphans: [BalanceDifference.Shown] = [],
        _ outcome: BalanceDifference.Outcome
    ) {
        self.name = name
        self.outcome = outcome
        difference = BalanceDifference(
            units: units,
            isPayable: isPayable,
            changes: changes.enumerated().map { .init(key: key($0.offset), units: $0.element) },
            payments: payments,
            orphans: orphans
        )
    }
}

private func key(_ number: Int) -> NaturalKey { NaturalKey("change", "\(number)") }
private func id(_ number: Int) -> PaymentID { PaymentID(value: UInt128(number)) }
private func paid(_ number: Int, _ units: BigInt, lowest: BigInt? = nil) -> BalanceDifference.Shown {
    BalanceDifference.Shown(payment: id(number), units: units, lowest: lowest)
}

@Suite("A change of an option's account without a trace")
struct BalanceDifferenceTests {
    private static let huge = BigInt(1) << 255

    fileprivate static let rows: [Row] = [
        Row("a rise is a payment", 5, .init(payment: 5)),
        Row("a rise of a token waits for a person", 5, isPayable: false, .init(change: 5)),
        Row("a fall waits for a person", -5, .init(change: -5)),
        Row(
            "a fall takes back the payment that a balance showed",
            -5,
            payments: [paid(1, 5)],
            .init(takenBack: [id(1)])
        ),
        Row(
            "a fall takes back the newest payments first, and only the rest waits",
            -9,
            payments: [paid(1, 5), paid(2, 3), paid(3, 4)],
            .init(takenBack: [id(3), id(2), id(1)], change: 3)
        ),
        Row(
            "a fall as large as one payment takes back that one",
            -5,
            payments: [paid(1, 5), paid(2, 3)],
            .init(takenBack: [id(1)])
        ),
        Row(
            "a fall smaller than a payment takes it back, and what is left of it waits",
            -10,
            payments: [paid(1, 11)],
            .init(takenBack: [id(1)], change: 1)
        ),
        Row(
            "a fall larger than all payments waits with what is left",
            -10,
            payments: [paid(1, 3), paid(2, 4)],
            .init(takenBack: [id(2), id(1)], change: -3)
        ),
        Row(
            "a fall takes nothing back that was gathered",
            -5,
            payments: [paid(1, 5, lowest: 0), paid(2, 5, lowest: 4)],
            .init(change: -5)
        ),
        Row(
            "a fall takes back rises of a token first",
            -5,
            isPayable: false,
            changes: [7],
            .init(undone: [key(0)], change: 2)
        ),
        Row("a second fall is one more", -5, changes: [-7], .init(change: -5)),
        Row("a rise takes back the fall before it", 5, changes: [-5], .init(undone: [key(0)])),
        Row("a rise that is larger is a payment by the rest", 7, changes: [-5], .init(undone: [key(0)], payment: 2)),
        Row(
            "a rise that is smaller leaves the rest of the fall",
            2,
            changes: [-5],
            .init(undone: [key(0)], change: -3)
        ),
        Row(
            "a rise leaves what fell first as it is",
            2,
            changes: [-1, -5],
            .init(undone: [key(1)], change: -3)
        ),
        Row("a rise brings the same payment again", 5, orphans: [paid(1, 3), paid(2, 5)], .init(returned: [id(2)])),
        Row(
            "a rise brings as many payments again as fit into it",
            9,
            orphans: [paid(1, 3), paid(2, 7), paid(3, 5)],
            .init(returned: [id(1), id(3)], payment: 1)
        ),
        Row(
            "a rise brings a payment again that had come in parts meanwhile",
            1,
            payments: [paid(3, 6), paid(4, 2)],
            orphans: [paid(1, 3)],
            .init(takenBack: [id(4)], returned: [id(1)])
        ),
        Row("a rise smaller than what was taken back is new", 2, orphans: [paid(1, 3)], .init(payment: 2)),
        Row(
            "a rise brings a payment again of which a part had waited",
            10,
            changes: [1],
            orphans: [paid(1, 11)],
            .init(undone: [key(0)], returned: [id(1)])
        ),
        Row(
            "a rise of a token takes back its fall",
            5,
            isPayable: false,
            changes: [-5],
            .init(undone: [key(0)])
        ),
        Row("what is too large to be money swallows no payment", 5, changes: [huge], .init(payment: 5)),
        Row(
            "what was too large goes as it came",
            -huge,
            changes: [huge],
            payments: [paid(1, 5)],
            .init(undone: [key(0)])
        ),
        Row("a fall makes no payment of what waited", -2, changes: [5], .init(undone: [key(0)], change: 3)),
    ]

    @Test("is what the table says", arguments: rows)
    fileprivate func table(row: Row) {
        #expect(row.difference.outcome == row.outcome)
    }

    @Test("leaves what is recorded as much as the account holds, and nothing that a balance has not taken back")
    func law() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<400 {
            var model = Account(isPayable: Int.random(in: 0..<4, using: &random) > 0)
            var told: BigInt = 0
            for step in 0..<60 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0: model.receiveTraced(BigInt(Int.random(in: 1...9, using: &random)))
                case 1: model.gather()
                default: break
                }
                // The nodes tell the truth, or anything.
                let isTrue = Int.random(in: 0..<3, using: &random) == 0
                let now = isTrue ? model.real : BigInt(Int.random(in: 0...20, using: &random))
                if isTrue, Bool.random(using: &random), model.isPayable {
                    let units = BigInt(Int.random(in: 1...9, using: &random))
                    model.real += units
                    told = now + units
                } else {
                    told = now
                }
                model.see(told)
                let place = "seed \(seed), step \(step)"
                #expect(model.recorded == told, "\(place)")
                // No payment stands beside a fall that it would cover.
                let missing = -model.changes.map(\.units).filter { $0 < 0 }.reduce(0, +)
                #expect(missing == 0 || model.standing.allSatisfy { model.lowest($0) < $0.units }, "\(place)")
                #expect(model.changes.allSatisfy { $0.units.signum() == model.changes[0].units.signum() }, "\(place)")
            }
            // When they are honest in the end, only what came, and was not gathered since, is there.
            model.see(model.real)
            #expect(model.recorded == model.real, "seed \(seed)")
        }
    }

    @Test("is nothing once a lie has ended, whatever was told meanwhile")
    func lie() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<400 {
            var model = Account(isPayable: true)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                model.real += BigInt(Int.random(in: 1...9, using: &random))
                model.see(model.real)
            }
            let honest = model
            // An empty account, a part of it, or more than there is; each told once.
            let lie = BigInt(Int.random(in: 0...40, using: &random))
            model.see(lie)
            model.see(model.real)
            #expect(model.paid == honest.paid, "seed \(seed)")
            #expect(model.changes.isEmpty, "seed \(seed)")
            if lie == 0 || lie >= honest.real {
                #expect(model.standing.map(\.payment) == honest.standing.map(\.payment), "seed \(seed)")
            }
        }
    }
}

/// The plain model of an account: what is recorded of it, one record after the other.
private struct Account {
    struct Record {
        let payment: PaymentID
        let units: BigInt
        var seenAt: Int
    }

    let isPayable: Bool
    /// What the chain has.
    var real: BigInt = 0
    /// What is recorded with a trace of its own: came, and was gathered.
    var traced: BigInt = 0
    var changes: [BalanceDifference.Change] = []
    var standing: [Record] = []
    var orphans: [Record] = []
    /// What was told, as it stands.
    var history: [BigInt] = []
    private var names = 0

    init(isPayable: Bool) { self.isPayable = isPayable }

    var paid: BigInt { standing.reduce(0) { $0 + $1.units } }
    var recorded: BigInt { traced + paid + changes.reduce(0) { $0 + $1.units } }

    func lowest(_ record: Record) -> BigInt { history[record.seenAt...].min() ?? 0 }

    mutating func receiveTraced(_ units: BigInt) {
        real += units
        traced += units
        history.append(recorded)
    }

    /// What really lies there leaves, as far as the books know of it.
    mutating func gather() {
        let units = min(real, max(recorded, 0))
        real -= units
        traced -= units
        history.append(recorded)
    }

    mutating func see(_ told: BigInt) {
        let difference = BalanceDifference(
            units: told - recorded,
            isPayable: isPayable,
            changes: changes,
            payments: standing.map { .init(payment: $0.payment, units: $0.units, lowest: lowest($0)) },
            orphans: orphans.map { .init(payment: $0.payment, units: $0.units) }
        )
        guard difference.units != 0 else { return }
        let outcome = difference.outcome
        changes.removeAll { outcome.undone.contains($0.key) }
        let takenBack = standing.filter { outcome.takenBack.contains($0.payment) }
        standing.removeAll { outcome.takenBack.contains($0.payment) }
        for record in orphans where outcome.returned.contains(record.payment) {
            standing.append(Record(payment: record.payment, units: record.units, seenAt: history.count))
        }
        orphans.removeAll { outcome.returned.contains($0.payment) }
        orphans += takenBack
        names += 1
        if outcome.payment != 0 {
            standing.append(Record(payment: id(names), units: outcome.payment, seenAt: history.count))
        }
        if outcome.change != 0 { changes.append(.init(key: key(names), units: outcome.change)) }
        history.append(told)
    }
}
