import BigInt
import DatabaseEngines
import Finance
import Ledger
import Money
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The law of balance transactions")
struct BalanceTransactionLawTests {
    static let runs =
        (401...412).map { MoneyLawTests.Run(engine: .sqlite, seed: $0) }
        + (501...502).map { MoneyLawTests.Run(engine: .postgreSQL, seed: $0) }

    /// What was true at a moment, before the clock went on.
    private struct Moment {
        let at: Timestamp
        let balances: [AssetID: Int256]
        /// What each account held in an asset.
        let held: [String: BigInt]
    }

    @Test(
        "sum to the balance in each asset and at every moment, after any payments, refunds, failures and reorganisations",
        arguments: runs
    )
    func sums(run: MoneyLawTests.Run) async throws {
        var world = try await LawWorld(on: run.engine, seed: run.seed)
        let (merchant, finance) = (world.desk.merchant, Finance(world.desk.settlement))
        var moments: [Moment] = []
        for _ in 1...50 {
            if world.chance(15) { world.desk.clock.advance(by: .seconds(86_400 * Int64(1 + world.below(40)))) }
            world.desk.clock.advance(by: .seconds(1))
            _ = try await world.step()
            moments.append(try await now(world.desk))
        }
        let rows = try await all(of: merchant, finance, pieces: 1 + world.below(20))
        let numbers = rows.map(\.entry.sequence)
        #expect(numbers == numbers.sorted(by: >) && Set(numbers).count == numbers.count, "seed \(run.seed)")
        for moment in moments {
            let until = rows.filter { $0.entry.transaction.postedAt <= moment.at }
            #expect(try sums(of: until, \.net) == moment.balances, "seed \(run.seed), \(moment.at)")
            let told = try await finance.balances(of: merchant, asOf: moment.at)
            #expect(units(told) == moment.balances, "seed \(run.seed), as of \(moment.at)")
            #expect(try await held(finance, asOf: moment.at) == moment.held, "seed \(run.seed), as of \(moment.at)")
        }
        let fees = try await world.desk.settlement.database.read { try $0.balances(of: .feeIncome) }
        let kept = Dictionary(uniqueKeysWithValues: fees.map { ($0.asset, try? $0.negated().units) })
        for (asset, units) in try sums(of: rows, \.fee) { #expect(kept[asset] == units, "seed \(run.seed)") }
        for row in rows { #expect(try row.gross == row.net.adding(row.fee) && row.kind != .correction) }
        try await filters(rows, of: merchant, finance)
        try await payments(rows, of: merchant, finance)
        try await world.desk.settlement.database.close()
    }

    /// The rows of a filter are those of all rows that pass it.
    private func filters(_ rows: [BalanceTransaction], of merchant: MerchantID, _ finance: Finance) async throws {
        for kind in BalanceTransaction.Kind.allCases {
            var list = BalanceTransactionList(of: merchant, in: Page(limit: 1_000))
            list.kind = kind
            let found = try await finance.balanceTransactions(list)
            #expect(found == rows.filter { $0.kind == kind })
        }
        for row in rows.prefix(5) {
            var list = BalanceTransactionList(of: merchant, in: Page(limit: 1_000))
            list.source = row.entry.transaction.subject
            list.asset = row.net.asset
            list.postedFrom = row.entry.transaction.postedAt
            list.occurredUntil = row.entry.transaction.occurredAt.advanced(by: .microseconds(1))
            let expected = rows.filter { other in
                let (mine, its) = (row.entry.transaction, other.entry.transaction)
                return its.subject == mine.subject && other.net.asset == row.net.asset
                    && its.postedAt >= mine.postedAt && its.occurredAt <= mine.occurredAt
            }
            #expect(try await finance.balanceTransactions(list) == expected)
            #expect(try await finance.balanceTransaction(row.entry.transaction.id, of: merchant) == row)
            #expect(try await finance.balanceTransaction(row.entry.transaction.id, of: MerchantID(value: 0)) == nil)
        }
    }

    /// Gross, fee and net of a payment are the sums of the rows that it is the source of; another merchant has none.
    private func payments(_ rows: [BalanceTransaction], of merchant: MerchantID, _ finance: Finance) async throws {
        let sources = Set(rows.map(\.entry.transaction.subject).filter { $0.kind == .payment })
        let ids = try sources.map { try PaymentID($0.key) }
        let found = try await finance.proceeds(of: ids, for: merchant)
        #expect(found.count == ids.count)
        for (id, proceeds) in found {
            let own = rows.filter { $0.entry.transaction.subject == LedgerSubject(id) }
            #expect(try sums(of: own, \.net) == [proceeds.net.asset: proceeds.net.units], "\(id)")
            #expect(try sums(of: own, \.fee) == [proceeds.fee.asset: proceeds.fee.units], "\(id)")
            #expect(try proceeds.gross == proceeds.net.adding(proceeds.fee))
        }
        #expect(try await finance.proceeds(of: ids, for: MerchantID(value: 0)) == [:])
    }

    /// The present balances, from the balances and the postings themselves.
    private func now(_ desk: Desk) async throws -> Moment {
        try await desk.settlement.database.read { session in
            let own = try session.balances(of: .merchantBalance(desk.merchant)).map { try $0.negated() }
            var held: [String: BigInt] = [:]
            for line in try session.trialBalance().lines where !line.balance.isZero {
                held["\(line.account) \(line.balance.asset)"] = line.balance.units
            }
            return Moment(
                at: desk.clock.now(),
                balances: Dictionary(uniqueKeysWithValues: own.map { ($0.asset, $0.units) }),
                held: held
            )
        }
    }

    /// What every account held at a moment, over all books.
    private func held(_ finance: Finance, asOf moment: Timestamp) async throws -> [String: BigInt] {
        var sums: [String: BigInt] = [:]
        for line in try await finance.accounts(asOf: moment) {
            sums["\(line.account) \(line.held.asset)", default: 0] += line.held.units
        }
        return sums.filter { $0.value != 0 }
    }

    /// All rows, read piece by piece.
    private func all(
        of merchant: MerchantID,
        _ finance: Finance,
        pieces limit: Int
    ) async throws -> [BalanceTransaction] {
        var rows: [BalanceTransaction] = []
        while true {
            let page = Page(after: rows.last?.entry.transaction.id.text, limit: limit)
            let found = try await finance.balanceTransactions(BalanceTransactionList(of: merchant, in: page))
            if found.isEmpty { return rows }
            rows += found
        }
    }

    private func sums(
        of rows: [BalanceTransaction],
        _ amount: KeyPath<BalanceTransaction, Amount>
    ) throws -> [AssetID: Int256] {
        var sums: [AssetID: Amount] = [:]
        for row in rows {
            let value = row[keyPath: amount]
            sums[value.asset] = try (sums[value.asset] ?? .zero(value.asset)).adding(value)
        }
        return sums.mapValues(\.units)
    }

    private func units(_ sums: [AmountSum]) -> [AssetID: Int256] {
        Dictionary(uniqueKeysWithValues: sums.compactMap { sum in sum.amount.map { (sum.asset, $0.units) } })
    }
}
