import DatabaseEngines
import Ledger
import Money
import Payments
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The law of money over months")
struct PeriodLawTests {
    static let runs =
        (201...210).map { MoneyLawTests.Run(engine: .sqlite, seed: $0) }
        + (301...302).map { MoneyLawTests.Run(engine: .postgreSQL, seed: $0) }

    @Test(
        "each month closes with a plain model's balances, after any payments, refunds, failures and reorganisations",
        arguments: runs
    )
    func everySequence(run: MoneyLawTests.Run) async throws {
        var world = try await LawWorld(on: run.engine, seed: run.seed)
        // The model's balances at the end of each month.
        var closings: [LedgerPeriod: [String: Int]] = [:]
        for step in 1...60 {
            if world.chance(20) {
                world.desk.clock.advance(by: .seconds(86_400 * Int64(1 + world.below(50))))
                try await world.desk.settlement.expireInvoices()
                world.model.expire(at: world.now)
            }
            closings[LedgerPeriod(containing: world.desk.clock.now())] = world.model.accounts
            let what = try await world.step()
            closings[LedgerPeriod(containing: world.desk.clock.now())] = world.model.accounts
            let differences = try await world.differences()
            #expect(differences.isEmpty, "seed \(run.seed), step \(step), after \(what)")
            guard differences.isEmpty else { break }
        }
        #expect(closings.count > 3, "seed \(run.seed)")
        for (period, held) in closings {
            let (balances, isBalanced) = try await world.desk.settlement.database.read { session in
                (try session.balances(atEndOf: period), try session.trialBalance(of: period).isBalanced)
            }
            let differences = world.compare(balances.map { ($0.account, $0.amount) }, with: held, "\(period)")
            #expect(differences.isEmpty && isBalanced, "seed \(run.seed)")
        }
        #expect(try await world.desk.booksHold(), "seed \(run.seed)")
        try await world.desk.settlement.database.close()
    }
}
