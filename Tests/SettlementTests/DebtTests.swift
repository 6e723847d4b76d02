import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import SettlementDesk
import Storage
import Synchronization
import Testing

@testable import Settlement

@Suite("A merchant whose payment the rail took back after its money was set aside")
struct DebtTests {
    /// How a rail sends, and where it is tested.
    struct Way: Hashable, Sendable, CustomTestStringConvertible {
        let engine: Engine
        let isBatching: Bool

        var testDescription: String { "\(engine), batches: \(isBatching)" }

        static let all = Engine.allCases.flatMap {
            [Way(engine: $0, isBatching: false), Way(engine: $0, isBatching: true)]
        }
    }

    /// A step of the worker.
    private func step(_ desk: Desk) async throws {
        desk.clock.advance(by: .seconds(10))
        _ = try await desk.settlement.signBatch(of: desk.provider, under: nil)
        for id in try await desk.settlement.outgoingToSign(of: desk.provider, under: nil) {
            try await desk.settlement.advance(id)
        }
    }

    private func state(_ id: PayoutID, _ desk: Desk) async throws -> PayoutStateMachine.State? {
        try await desk.settlement.database.read { try $0.outgoing(id.text)?.status.state }
    }

    @Test(
        "gets no payout out of other merchants' money: it waits, unsigned, until the balance is covered",
        arguments: Way.all
    )
    func payout(way: Way) async throws {
        let desk = try await Desk(on: way.engine)
        desk.provider.script.withLock { ($0.isBatching, $0.hasOneLane) = (way.isBatching, false) }
        let paid = try await desk.openPaid()
        let (waiting, asked) = (PayoutID(value: 1), PayoutID(value: 2))
        for (id, needsApproval) in [(waiting, false), (asked, true)] {
            let wish = PayoutRequest(
                amount: try desk.amount("0.7"),
                destination: "d",
                comment: nil,
                needsApproval: needsApproval
            )
            _ = try await desk.settlement.requestPayout(wish, by: desk.merchant, id: id)
        }
        _ = try await desk.settlement.record(.vanished(paid.by.naturalKey, at: desk.clock.now()), at: desk.provider)
        #expect(try await desk.held("merchant_balance") == "-1.4")
        for _ in 0..<3 { try await step(desk) }
        #expect(try await state(waiting, desk) == .awaitingPayment)
        let error = await #expect(throws: SettlementError.self) {
            _ = try await desk.settlement.decide(PayoutDecision(asked, of: desk.merchant, approves: true))
        }
        #expect(error?.code == .insufficientFunds)
        // The merchant may give up the one that nobody approved, and earn what it owes.
        _ = try await desk.settlement.decide(PayoutDecision(asked, of: desk.merchant, approves: false))
        try await step(desk)
        #expect(try await state(waiting, desk) == .awaitingPayment)
        let other = try await desk.openInvoice(id: InvoiceID(value: 2))
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: other.options[0].id, number: 7))
        try await step(desk)
        #expect(try await state(waiting, desk) == .inProgress)
        #expect(try await desk.booksHold())
        try await desk.settlement.database.close()
    }

    @Test(
        "gets no refund out of it either, unless the refund takes money that was never the merchant's",
        arguments: Way.all
    )
    func refund(way: Way) async throws {
        let desk = try await Desk(on: way.engine)
        desk.provider.script.withLock { ($0.isBatching, $0.hasOneLane) = (way.isBatching, false) }
        let first = try await desk.openPaid()
        let second = try await desk.openInvoice(id: InvoiceID(value: 2))
        // Of the second payment a part is more than its price: it waits in a case.
        try await desk.receive(desk.transfer(try desk.amount("2"), for: second.options[0].id, number: 7))
        let payments = try await desk.settlement.database.read { session in
            try session.payments(of: first.invoice.invoice.id) + session.payments(of: second.invoice.id)
        }
        let wish = PayoutRequest(amount: try desk.amount("2.5"), destination: "d", comment: nil, needsApproval: false)
        _ = try await desk.settlement.requestPayout(wish, by: desk.merchant, id: PayoutID(value: 1))
        try await step(desk)
        // The rest of the balance and the excess are to be returned.
        let (over, earned) = (RefundID(value: 11), RefundID(value: 12))
        for (id, amount) in [(over, "0.5"), (earned, "0.3")] {
            let wish = RefundRequest(payment: payments[1].id, amount: try desk.amount(amount), reason: nil)
            _ = try await desk.settlement.requestRefund(wish, by: desk.merchant, id: id)
        }
        _ = try await desk.settlement.record(.vanished(first.by.naturalKey, at: desk.clock.now()), at: desk.provider)
        let held = try await desk.held("merchant_balance")
        #expect(held == "-1.312")
        for _ in 0..<3 { try await step(desk) }
        let states = try await desk.settlement.database.read { session in
            try [over.text, earned.text].map { try session.outgoing($0)?.status.state }
        }
        #expect(states == [.inProgress, .awaitingPayment])
        #expect(try await desk.booksHold())
        try await desk.settlement.database.close()
    }
}
