import Logging
import Money
import Payments
import Providers
import Reconciliation
import Seams
import Settlement
import SettlementDesk
import Synchronization
import Testing

@Suite("The comparison of books and rails while the gateway works")
struct StatementDutyTests {
    @Test("puts an unexplained difference on the board when it is there twice in a row, and takes it off again")
    func difference() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let paid = try desk.amount("1.5")
        let transfer = desk.transfer(paid, for: opened.options[0].id)
        _ = try await desk.settlement.record(.incoming(transfer), at: desk.provider)
        let worker = ReconciliationWorker(
            settlement: desk.settlement,
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        // What the rail states, and whether a difference is on the board afterwards.
        let rounds: [(held: String, isTold: Bool)] = [
            ("1.5", false), ("1.2", false), ("1.2", true), ("1.1", true), ("1.1", true), ("1.5", false),
            ("1.4", false), ("1.5", false), ("1.4", false), ("1.4", true),
        ]
        for (number, round) in rounds.enumerated() {
            let held = try desk.amount(round.held)
            desk.provider.script.withLock { $0.held = held }
            _ = await worker.runOnce()
            let isTold = desk.settlement.conditions.all.contains { $0.name == "books of scripted" }
            #expect(isTold == round.isTold, "round \(number)")
            desk.clock.advance(by: .seconds(300))
        }
        // A rail that does not answer says nothing about the books.
        desk.provider.script.withLock { $0.held = nil }
        _ = await worker.runOnce()
        #expect(desk.settlement.conditions.all.contains { $0.name == "books of scripted" })
    }
}
