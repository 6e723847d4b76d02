import BigInt
import Money
import Seams
import Statements
import Testing

@Suite("A statement is compared with our rows")
struct MatcherTests {
    private typealias Desk = StatementsDesk

    private func findings(
        _ lines: [StatementLine],
        _ rows: [ExpectedRow],
        rules: [MatchingRule] = [Desk.byCharge, Desk.refunds, Desk.deposits],
        now: Int64 = 0
    ) throws -> [Finding] {
        try Desk.matcher(rules).findings(lines: lines, expected: rows, now: Desk.moment(now))
    }

    @Test func `the same charge and amount match`() throws {
        let found = try findings([Desk.line("l", 1_000, ["charge": "c"])], [Desk.row("p", 1_000, ["charge": "c"])])
        #expect(found.map(\.state) == [.matched])
        #expect(found[0].rule == "payment_by_charge")
        #expect(found[0].words.isEmpty)
        #expect(!found[0].isException)
    }

    @Test func `a variance keeps its sign and is told in words`() throws {
        let less = try findings([Desk.line("l", 900, ["charge": "c"])], [Desk.row("p", 1_000, ["charge": "c"])])
        #expect(less.map(\.state) == [.amountDiffers])
        #expect(less[0].difference?.units == -100)
        #expect(less[0].words == ["amount 9.00 EUR there, 10.00 EUR here"])
        let more = try findings([Desk.line("l", 1_100, ["charge": "c"])], [Desk.row("p", 1_000, ["charge": "c"])])
        #expect(more[0].difference?.units == 100)
    }

    @Test func `a variance of one unit is seen where the rule tolerates nothing`() throws {
        let refund = Desk.row("r", -1_000, ["charge": "c"], kind: .refund)
        let found = try findings([Desk.line("l", -999, ["charge": "c"], kind: .refund)], [refund])
        #expect(found.map(\.state) == [.amountDiffers])
        #expect(found[0].difference?.units == 1)
    }

    @Test func `a tolerated variance is suggested and never matched`() throws {
        let found = try findings([Desk.line("l", 998, ["charge": "c"])], [Desk.row("p", 1_000, ["charge": "c"])])
        #expect(found.map(\.state) == [.suggested])
        #expect(found[0].difference?.units == -2)
    }

    @Test func `another reference that differs makes a match a suggestion`() throws {
        let there = Desk.line("l", 1_000, ["charge": "c", "reference": "B"])
        let found = try findings([there], [Desk.row("p", 1_000, ["charge": "c", "reference": "A"])])
        #expect(found.map(\.state) == [.suggested])
        #expect(found[0].words == ["reference B there, A here"])
    }

    @Test func `a second refund of the same size is missing here and no duplicate`() throws {
        let lines = ["l1", "l2"].map { Desk.line($0, -500, ["charge": "c"], kind: .refund) }
        let found = try findings(lines, [Desk.row("r", -500, ["charge": "c"], kind: .refund)])
        #expect(found.map(\.state) == [.matched, .missingHere])
    }

    @Test func `a second line of a charge is a duplicate, and takes no other row`() throws {
        let lines = [Desk.line("l1", 1_000, ["charge": "c"]), Desk.line("l2", 1_000, ["charge": "c"], at: 5)]
        let found = try findings(lines, [Desk.row("p", 1_000, ["charge": "c"])])
        #expect(found.map(\.state) == [.matched, .duplicate])
    }

    @Test func `a second refund of the same size is compared with the row that is left`() throws {
        let lines = ["l1", "l2"].map { Desk.line($0, -500, ["charge": "c"], kind: .refund) }
        let rows = [("r1", -500), ("r2", -501)].map { Desk.row($0, $1, ["charge": "c"], kind: .refund) }
        let found = try findings(lines, rows)
        #expect(found.map(\.state) == [.matched, .amountDiffers])
        #expect(found[1].difference?.units == 1)
    }

    @Test func `a repeated charge is a duplicate also when another row has its charge`() throws {
        let lines = [Desk.line("l1", 1_000, ["charge": "c"]), Desk.line("l2", 1_000, ["charge": "c"], at: 5)]
        let rows = [Desk.row("p1", 1_000, ["charge": "c"]), Desk.row("p2", 900, ["charge": "c"])]
        let found = try findings(lines, rows)
        #expect(Set(found.map(\.state)) == [.matched, .duplicate, .expected])
    }

    @Test func `a row is missing there only past its term`() throws {
        let row = Desk.row("p", 1_000, ["charge": "c"], due: 100)
        #expect(try findings([], [row], now: 100).map(\.state) == [.expected])
        #expect(try findings([], [row], now: 101).map(\.state) == [.missingThere])
    }

    @Test func `without a common reference the amount and the day only suggest`() throws {
        let rules = [Desk.byAmount]
        let lines = [Desk.line("l1", 1_000), Desk.line("l2", 1_000, at: 90_000), Desk.line("l3", 1_000, at: 900_000)]
        let found = try findings(lines, [Desk.row("p1", 1_000), Desk.row("p2", 1_000, at: 90_000)], rules: rules)
        #expect(found.map(\.state) == [.suggested, .suggested, .missingHere])
        #expect(found.prefix(2).map(\.expected) == [["p1"], ["p2"]])
    }

    @Test func `a deposit is the sum of payments, refunds and fees of its payout`() throws {
        let rows = [
            Desk.row("p1", 1_000, ["payout": "po"]), Desk.row("p2", 500, ["payout": "po"]),
            Desk.row("r", -200, ["payout": "po"], kind: .refund), Desk.row("f", -30, ["payout": "po"], kind: .fee),
        ]
        let whole = try findings([Desk.line("d", 1_270, ["payout": "po"], kind: .topUp)], rows)
        #expect(whole.map(\.state) == [.matched])
        #expect(whole[0].expected == ["f", "p1", "p2", "r"])
        let short = try findings([Desk.line("d", 1_269, ["payout": "po"], kind: .topUp)], rows)
        #expect(short.map(\.state) == [.amountDiffers])
        #expect(short[0].difference?.units == -1)
        #expect(short[0].words == ["sum 12.69 EUR there, 12.70 EUR here"])
    }

    @Test func `rules that cannot be followed are refused`() {
        let guessing = MatchingRule(name: "sums", priority: 1, shape: .oneToMany, keys: [])
        let negative = MatchingRule(name: "n", priority: 1, keys: ["charge"], toleranceUnits: -1)
        for rules in [[guessing], [negative], [Desk.byCharge, Desk.byCharge]] {
            #expect(throws: StatementError(.rules, "")) { try Desk.matcher(rules) }
        }
    }

    @Test func `extreme moments and amounts do not trap`() throws {
        let far = StatementLine(
            key: "l",
            kind: .payment,
            occurredAt: Timestamp(microseconds: .min),
            amount: Amount(asset: Desk.euro.id, units: Int256(Int64.min)),
            references: ["charge": "c"]
        )
        let found = try findings([far], [Desk.row("p", .max, ["charge": "c"])])
        #expect(found.map(\.state) == [.amountDiffers])
    }
}
