import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("The law of money")
struct MoneyLawTests {
    struct Run: Sendable, CustomTestStringConvertible {
        let engine: Engine
        let seed: UInt64
        var testDescription: String { "\(engine.rawValue), seed \(seed)" }
    }

    static let runs =
        (1...60).map { Run(engine: .sqlite, seed: $0) } + (101...106).map { Run(engine: .postgreSQL, seed: $0) }

    @Test(
        "each account equals a plain model after any payments, refunds, failures, reorganisations and decisions",
        arguments: runs
    )
    func everySequence(run: Run) async throws {
        var world = try await LawWorld(on: run.engine, seed: run.seed)
        for step in 1...40 {
            let what = try await world.step()
            let differences = try await world.differences()
            #expect(differences.isEmpty, "seed \(run.seed), step \(step), after \(what)")
            guard differences.isEmpty else { break }
        }
        #expect(try await world.desk.booksHold())
        let findings = try await world.desk.settlement.database.read { try $0.auditObjects() }
        #expect(findings.isEmpty, "seed \(run.seed)")
        try await world.desk.settlement.database.close()
    }
}
