import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Reconciliation
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("The reconciliation report")
struct ReportTests {
    @Test(
        "is not clean while a rail does not answer, also when the books have no entry of it",
        arguments: Engine.allCases
    )
    func silent(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let report = try await ReconciliationReport.make(for: desk.settlement)
        #expect(!report.isClean)
        let line = try #require(report.lines.first)
        #expect(report.lines.count == 1)
        #expect(line.provider == "scripted" && line.ledger == .zero(desk.coin.id) && line.stated == nil)
        #expect(!line.isExplained)
        #expect(line.reasons == ["the provider did not answer: it cannot be asked"])
        // It answers, and holds nothing.
        desk.provider.script.withLock { $0.held = .zero(desk.coin.id) }
        #expect(try await ReconciliationReport.make(for: desk.settlement).isClean)
    }

    @Test("keeps the book balance in the line of a rail that does not answer", arguments: Engine.allCases)
    func silentWithBooks(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        _ = try await desk.openPaid()
        let report = try await ReconciliationReport.make(for: desk.settlement)
        #expect(report.lines.map(\.ledger) == [try desk.amount("1.5")])
        #expect(report.lines.map(\.isExplained) == [false])
    }

    @Test("has the trial balance of a requested period, closed or current", arguments: Engine.allCases)
    func period(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.provider.script.withLock { $0.held = try? desk.amount("1.5") }
        _ = try await desk.openPaid()
        let month = LedgerPeriod(containing: desk.clock.now())
        func report(_ period: LedgerPeriod?) async throws -> ReconciliationReport {
            try await ReconciliationReport.make(for: desk.settlement, period: period)
        }
        #expect(try await report(nil).period == nil)
        let running = try await report(month)
        #expect(running.currentPeriod == month && running.isClean)
        let before = try #require(running.period).lines.first { $0.account.code.rawValue == "provider_receivable" }
        #expect(before?.opening.isZero == true && before?.debit == before?.closing)
        desk.clock.advance(by: .seconds(86_400 * 40))
        let next = LedgerPeriod(containing: desk.clock.now())
        let after = try await report(next)
        #expect(after.currentPeriod == next && after.isClean && after.warnings.isEmpty)
        let line = try #require(after.period?.lines.first { $0.account.code.rawValue == "provider_receivable" })
        #expect(line.opening == before?.closing && line.closing == before?.closing)
        #expect(line.debit.isZero && line.credit.isZero)
        #expect(try await report(month).period == running.period)
        // Nothing was booked since, so a balance row of this month is made up.
        _ = try await desk.settlement.database.write { session in
            let sql = "UPDATE balances SET period = $1 WHERE account = (SELECT MIN(account) FROM balances)"
            return try session.change(sql, [.integer(next.number)])
        }
        let changed = try await report(month)
        #expect(!changed.isClean && changed.period?.isBalanced == false && changed.auditFindings.count == 2)
    }

    @Test("is not clean when only the requested period does not add up")
    func unbalancedPeriod() {
        let balance = (account: AccountID(text: "a"), amount: Amount(asset: .stars, units: 1))
        func report(closing: [(account: AccountID, amount: Amount)]) -> ReconciliationReport {
            let period = LedgerPeriod(number: 202611)
            return ReconciliationReport(
                madeAt: Timestamp(seconds: 0),
                lines: [],
                trialBalance: TrialBalance(),
                currentPeriod: period,
                period: PeriodBalance(of: period, opening: [], booked: TrialBalance(), closing: closing),
                auditFindings: [],
                warnings: [],
                overdue: [],
                openCases: [],
                watermarks: [],
                pendingMessages: 0
            )
        }
        #expect(report(closing: []).isClean)
        #expect(!report(closing: [balance]).isClean)
    }

    @Test("warns of a future period that was opened by a clock that was ahead", arguments: Engine.allCases)
    func periodAhead(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.provider.script.withLock { $0.held = try? desk.amount("1.5") }
        let month = LedgerPeriod(containing: desk.clock.now())
        desk.clock.advance(by: .seconds(86_400 * 40))
        _ = try await desk.openPaid()
        let ahead = LedgerPeriod(containing: desk.clock.now())
        desk.clock.advance(by: .seconds(-86_400 * 40))
        let report = try await ReconciliationReport.make(for: desk.settlement)
        #expect(report.currentPeriod == ahead && report.isClean)
        let sentence = "what is booked now belongs to \(ahead) and not to \(month)"
        #expect(report.warnings == [sentence + ", because something was booked there before"])
    }

    /// Dismissing a case moves nothing.
    @Test(
        "warns of money that stays on suspense after its case was dismissed, and is clean",
        arguments: Engine.allCases
    )
    func dismissed(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.provider.script.withLock { $0.held = Amount(asset: desk.coin.id, units: -300_000_000) }
        let movement = AccountMovement(
            naturalKey: NaturalKey("test", "left"),
            kind: .unexplained,
            amount: try desk.amount("-0.3"),
            reason: "left",
            occurredAt: desk.clock.now()
        )
        _ = try await desk.settlement.record(.movement(movement), at: desk.provider)
        let before = try await ReconciliationReport.make(for: desk.settlement)
        #expect(before.warnings.isEmpty && before.openCases.count == 1)
        let open = try #require(before.openCases.first)
        _ = try await desk.settlement.resolveCase(.init(open.id, .dismiss), by: MerchantID(value: 0))
        let after = try await ReconciliationReport.make(for: desk.settlement)
        #expect(after.warnings == ["suspense/scripted: -0.3 TON of cases that were dismissed lie there"])
        #expect(after.openCases.isEmpty && after.isClean)
        // The movement is taken back, and suspense is empty.
        let gone = Observation.vanished(NaturalKey("test", "left"), at: desk.clock.now())
        _ = try await desk.settlement.record(gone, at: desk.provider)
        #expect(try await ReconciliationReport.make(for: desk.settlement).warnings.isEmpty)
    }
}
