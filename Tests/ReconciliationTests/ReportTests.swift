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
}
