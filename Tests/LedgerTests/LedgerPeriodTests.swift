import BigInt
import Ledger
import Money
import Seams
import Testing

@Suite("A period of the books")
struct LedgerPeriodTests {
    @Test(
        "is the month in which something is booked, in UTC",
        arguments: [
            (0, 197001), (-1, 196912), (951_782_399, 200002), (951_868_799, 200002), (951_868_800, 200003),
            (1_793_491_199, 202610), (1_793_491_200, 202611), (1_798_761_599, 202612), (1_798_761_600, 202701),
        ] as [(Int64, Int64)]
    )
    func months(second: Int64, number: Int64) {
        let period = LedgerPeriod(bookedAt: Timestamp(seconds: second), after: nil)
        #expect(period.number == number)
        #expect(period.description == "\(number)")
    }

    @Test("never goes back: after a clock was set back, bookings stay in the newest period")
    func forward() {
        let (october, november) = (Timestamp(seconds: 1_793_491_199), Timestamp(seconds: 1_793_491_200))
        let first = LedgerPeriod(bookedAt: november, after: nil)
        #expect(LedgerPeriod(bookedAt: october, after: first) == first)
        #expect(LedgerPeriod(bookedAt: november, after: LedgerPeriod(bookedAt: october, after: nil)) == first)
    }

    @Test("follows the period before it", arguments: [(202611, 202610), (202701, 202612), (197001, 196912)])
    func preceding(number: Int64, before: Int64) {
        #expect(LedgerPeriod(number: number).preceding.number == before)
    }

    @Test("is read from four digits of a year and two of a month")
    func text() throws {
        for number in [197001, 202611, 202612, 999912] as [Int64] {
            #expect(try LedgerPeriod("\(number)").number == number)
        }
    }

    @Test(
        "is not read from anything else",
        arguments: [
            "", "2026", "20261", "202600", "202613", "2026-11", "2026111", "+20261", "-20261", " 202611", "202611\n",
            "２０２６１１", "20261a", "0x2611",
        ]
    )
    func malformed(text: String) {
        #expect(throws: LedgerError(.period, "")) { try LedgerPeriod(text) }
    }

    @Test("balances only when the opening balances and the postings give the closing balances")
    func periodBalance() throws {
        func balances(_ units: Int64) -> [(account: AccountID, amount: Amount)] {
            [("a", units), ("b", -units)].map { account, units in
                (AccountID(text: account), Amount(asset: .stars, units: Int256(units)))
            }
        }
        var booked = TrialBalance()
        for posting in [LedgerTransactionTests.posting("a", 5), LedgerTransactionTests.posting("b", -5)] {
            booked.add(posting)
        }
        let november = LedgerPeriod(number: 202611)
        #expect(PeriodBalance(of: november, opening: balances(2), booked: booked, closing: balances(7)).isBalanced)
        #expect(!PeriodBalance(of: november, opening: balances(2), booked: booked, closing: balances(6)).isBalanced)
        #expect(!PeriodBalance(of: november, opening: [], booked: booked, closing: balances(7)).isBalanced)
        #expect(!PeriodBalance(of: november, opening: balances(2), booked: booked, closing: []).isBalanced)
        let half = Array(balances(2).prefix(1))
        #expect(!PeriodBalance(of: november, opening: half, booked: TrialBalance(), closing: half).isBalanced)
    }
}
