import DatabaseEngines
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

    @Test("keeps what the books say in the line of a rail that does not answer", arguments: Engine.allCases)
    func silentWithBooks(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        _ = try await desk.openPaid()
        let report = try await ReconciliationReport.make(for: desk.settlement)
        #expect(report.lines.map(\.ledger) == [try desk.amount("1.5")])
        #expect(report.lines.map(\.isExplained) == [false])
    }

    /// Dismissing a case moves nothing.
    @Test("mentions what lies on suspense after its case was dismissed, and is clean", arguments: Engine.allCases)
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
        // The movement is taken back: nothing lies there any more.
        let gone = Observation.vanished(NaturalKey("test", "left"), at: desk.clock.now())
        _ = try await desk.settlement.record(gone, at: desk.provider)
        #expect(try await ReconciliationReport.make(for: desk.settlement).warnings.isEmpty)
    }
}
