import DatabaseEngines
import Logging
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@testable import Reconciliation

@Suite("A refund or payout that may be sent")
struct LeavingTests {
    private static func submitted(_ desk: Desk) -> Int { desk.provider.script.withLock(\.submitted) }

    /// Runs the worker, with an hour between two polls and a clock that stands still, until `body` is done.
    private static func running(_ desk: Desk, _ body: () async throws -> Void) async throws {
        let worker = ReconciliationWorker(
            settlement: desk.settlement,
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run(every: .seconds(3_600), at: AsyncStream { _ in }) }
            defer { group.cancelAll() }
            // The poll with which the worker begins.
            let duties = desk.settlement.duties
            func outgoing() -> DutyState? { duties.all.first { $0.name == "outgoing of scripted" }?.state }
            while outgoing()?.lastSuccess == nil { await Task.yield() }
            try await body()
        }
    }

    @Test(
        "leaves when it is stored, or approved, though time stands still",
        .timeLimit(.minutes(2)),
        arguments: Engine.allCases
    )
    func stored(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        desk.provider.script.withLock { ($0.submission, $0.hasOneLane) = (.done, false) }
        let paid = try await desk.openPaid()
        let payments = try await desk.settlement.database.read { try $0.payments(of: paid.invoice.invoice.id) }
        let payment = try #require(payments.first).id
        func ask(_ number: UInt128, needsApproval: Bool = false) async throws {
            let request = PayoutRequest(
                amount: try desk.amount("0.1"),
                destination: "d",
                comment: nil,
                needsApproval: needsApproval
            )
            _ = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: number))
        }
        func leaves(_ count: Int) async { while Self.submitted(desk) < count { await Task.yield() } }
        try await Self.running(desk) {
            try await ask(1)
            await leaves(1)
            try await ask(2, needsApproval: true)
            try await ask(3)
            await leaves(2)
            #expect(Self.submitted(desk) == 2, "a payout has left that nobody has approved")
            _ = try await desk.settlement.decide(PayoutDecision(PayoutID(value: 2), of: desk.merchant, approves: true))
            await leaves(3)
            let refund = RefundRequest(payment: payment, amount: try desk.amount("0.2"), reason: nil)
            _ = try await desk.settlement.requestRefund(refund, by: desk.merchant, id: RefundID(value: 4))
            await leaves(4)
        }
        #expect(desk.clock.now() == Timestamp(seconds: 1_000_000))
    }
}
