import BigInt
import Money
import Seams
import Statements
import Testing

/// A random world of lines and rows in which every exception is planted, with the key of what has to be found.
private struct PlantedWorld {
    /// What has to be found.
    struct Planted: Hashable {
        let state: Finding.State
        let lines: [String]
        let expected: [String]
        let difference: Int64?
    }

    typealias Desk = StatementsDesk

    var lines: [StatementLine] = []
    var rows: [ExpectedRow] = []
    var planted: [Planted] = []

    init(count: Int, random: inout SeededRandom) {
        for number in 0..<count {
            let units = Int64.random(in: 100...90_000, using: &random)
            plant(number, units, Int64.random(in: 0...86_400, using: &random), Int.random(in: 0..<12, using: &random))
        }
        lines.shuffle(using: &random)
        rows.shuffle(using: &random)
    }

    private mutating func plant(_ number: Int, _ units: Int64, _ at: Int64, _ plan: Int) {
        let (line, row) = ("l\(number)", "p\(number)")
        let charge = ["charge": "c\(number)"]
        func there(_ units: Int64, asset: Asset = Desk.euro, later: Int64 = 0) -> StatementLine {
            Desk.line(line, units, charge, asset: asset, at: at + later)
        }
        func add(_ state: Finding.State, _ found: StatementLine, _ difference: Int64?) {
            lines.append(found)
            rows.append(Desk.row(row, units, charge, at: at))
            planted.append(Planted(state: state, lines: [line], expected: [row], difference: difference))
        }
        switch plan {
        case 0: add(.suggested, there(units - 1), -1)
        case 1: add(.amountDiffers, there(units + 3), 3)
        case 2: add(.amountDiffers, there(units - 50), -50)
        case 3: add(.currencyDiffers, there(units, asset: Desk.dollar), nil)
        case 4: add(.late, there(units, later: 5 * 86_400), 0)
        case 5:
            lines.append(there(units))
            planted.append(Planted(state: .missingHere, lines: [line], expected: [], difference: nil))
        case 6, 7:
            rows.append(Desk.row(row, units, charge, at: at, due: plan == 6 ? 3_600 : 864_000))
            let state: Finding.State = plan == 6 ? .missingThere : .expected
            planted.append(Planted(state: state, lines: [], expected: [row], difference: nil))
        case 8:
            // The same charge under another key, and the same key again.
            add(.matched, there(units), 0)
            lines.append(Desk.line(line + "b", units, charge, at: at + 60))
            lines.append(there(units))
            planted.append(Planted(state: .duplicate, lines: [line + "b"], expected: [], difference: nil))
            planted.append(Planted(state: .duplicate, lines: [line], expected: [], difference: nil))
        case 9: plantDeposit(number, units, at)
        default: add(.matched, there(units), 0)
        }
    }

    private mutating func plantDeposit(_ number: Int, _ units: Int64, _ at: Int64) {
        let payout = ["payout": "po\(number)"]
        let parts = (0...Int(units % 4)).map { Desk.row("p\(number)-\($0)", units + Int64($0), payout, at: at) }
        let fee = Desk.row("p\(number)-f", -70, payout, kind: .fee, at: at)
        let sum = parts.indices.reduce(Int64(-70)) { $0 + units + Int64($1) }
        let drift = units % 3 - 1
        rows += parts + [fee]
        lines.append(Desk.line("l\(number)", sum + drift, payout, kind: .topUp, at: at + 86_400))
        let state: Finding.State = drift == 0 ? .matched : .amountDiffers
        let ids = (parts + [fee]).map(\.id).sorted()
        planted.append(Planted(state: state, lines: ["l\(number)"], expected: ids, difference: drift))
    }
}

@Suite("In any world of statements")
struct MatchingLawTests {
    private static let now = StatementsDesk.moment(200_000)

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `exactly the planted exceptions are found, with their reasons`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = PlantedWorld(count: 300, random: &random)
        let found = try StatementsDesk.matcher().findings(lines: world.lines, expected: world.rows, now: Self.now)
        let told = found.map { finding in
            PlantedWorld.Planted(
                state: finding.state,
                lines: finding.lines,
                expected: finding.expected,
                difference: finding.difference.map { Int64($0.units) }
            )
        }
        #expect(told.count == world.planted.count)
        #expect(Set(told) == Set(world.planted))
        for finding in found where finding.isException { #expect(!finding.words.isEmpty, "\(finding)") }
        if seed == 0 { #expect(Set(found.map(\.state)) == Set(Finding.State.allCases)) }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the order of lines, rows and rules changes nothing`(seed: UInt64) throws {
        var random = SeededRandom(seed: 1_000 + seed)
        // Few charges and amounts, so that rows compete.
        let kinds: [StatementLine.Kind] = [.payment, .refund]
        func number(_ limit: Int64) -> Int64 { Int64.random(in: 0..<limit, using: &random) }
        let lines = (0..<60).map { index in
            let kind = kinds[Int(number(2))]
            let charge = ["charge": "c\(number(8))"]
            return StatementsDesk.line("l\(index)", 100 + number(4), charge, kind: kind, at: number(500_000))
        }
        let rows = (0..<60).map { index in
            let kind = kinds[Int(number(2))]
            let charge = ["charge": "c\(number(8))"]
            return StatementsDesk.row("p\(index)", 100 + number(4), charge, kind: kind, at: number(500_000))
        }
        let rules = [StatementsDesk.byCharge, StatementsDesk.refunds, StatementsDesk.byAmount]
        let first = try StatementsDesk.matcher(rules).findings(lines: lines, expected: rows, now: Self.now)
        let again = try StatementsDesk.matcher(rules.reversed()).findings(
            lines: lines.shuffled(using: &random),
            expected: rows.shuffled(using: &random),
            now: Self.now
        )
        #expect(first == again)
        #expect(first.flatMap(\.lines).sorted() == lines.map(\.key).sorted())
        #expect(first.flatMap(\.expected).sorted() == rows.map(\.id).sorted())
    }
}
