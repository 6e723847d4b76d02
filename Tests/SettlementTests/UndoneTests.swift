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

@Suite("Payments that a rail takes back, on each engine")
struct UndoneTests {
    private func undo(_ number: Int, at desk: Desk) async throws -> RecordedObservation {
        let key = NaturalKey("test", "\(number)")
        return try await desk.settlement.record(.vanished(payment: key, at: desk.clock.now()), at: desk.provider)
    }

    private func invoice(_ opened: InvoiceWithOptions, at desk: Desk) async throws -> Invoice {
        try await desk.settlement.invoice(opened.invoice.id, of: desk.merchant).invoice
    }

    @Test("F56: leave the books as if they had never been, whatever they were", arguments: Engine.allCases)
    func everyClassification(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("1"), for: option, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("0.8"), for: option, number: 2))
        try await desk.receive(desk.transfer(try desk.amount("0.3"), for: option, number: 3))
        try await desk.receive(desk.transfer(try desk.amount("4"), for: nil, number: 4))
        for number in [3, 1, 4, 2] {
            #expect(try await undo(number, at: desk) == .undone)
            #expect(try await undo(number, at: desk) == .repetition)
            #expect(try await desk.booksHold())
        }
        let balances = try await desk.settlement.database.read { try $0.trialBalance().lines }
        #expect(balances.allSatisfy { $0.balance.isZero })
        let invoice = try await invoice(opened, at: desk)
        #expect(invoice.status.state == .new)
        #expect(invoice.status.received.isZero)
        #expect(invoice.settledAt == nil)
        let cases = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10)).map(\.reason)
        }
        #expect(cases == [.orphaned, .orphaned, .orphaned, .orphaned])
    }

    @Test(
        "F56: put what others have paid back to where it waits, until the rest comes again",
        arguments: Engine.allCases
    )
    func otherParts(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("1"), for: option, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("0.5"), for: option, number: 2))
        #expect(try await desk.held("merchant_balance") == "1.485")
        _ = try await undo(1, at: desk)
        #expect(try await desk.held("customer_clearing") == "0.5")
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await desk.held("fee_income") == "0")
        #expect(try await invoice(opened, at: desk).status.state == .processing)
        try await desk.receive(desk.transfer(try desk.amount("1"), for: option, number: 3))
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await desk.held("customer_clearing") == "0")
        #expect(try await invoice(opened, at: desk).status.state == .settled)
        let open = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10))
        }
        #expect(open.isEmpty)
        #expect(try await desk.booksHold())
    }

    @Test("an invoice that is covered without them stays settled", arguments: Engine.allCases)
    func stillCovered(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("0.2"), for: option, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: 2))
        _ = try await undo(1, at: desk)
        #expect(try await invoice(opened, at: desk).status.state == .settled)
        #expect(try await invoice(opened, at: desk).status.exception == .none)
        #expect(try await desk.booksHold())
    }

    @Test("what was returned already is a loss, and a return that waits is called off", arguments: [false, true])
    func refunds(isSent: Bool) async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let request = RefundRequest(payment: payment, amount: try desk.amount("0.5"), reason: nil)
        let id = RefundID(value: 1)
        _ = try await desk.settlement.requestRefund(request, by: desk.merchant, id: id)
        if isSent {
            desk.provider.script.withLock { $0.fate = .confirmed(evidence: "e", fee: nil, at: Timestamp(seconds: 1)) }
            for _ in 0..<2 { try await desk.settlement.advance(id.text) }
        }
        #expect(try await undo(1, at: desk) == .undone)
        let refund = try await desk.settlement.database.read { try $0.outgoing(id.text) }
        #expect(refund?.status.state == (isSent ? .completed : .cancelled))
        #expect(try await desk.held("provider_losses") == (isSent ? "-0.5" : "0"))
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await desk.held("refunds_payable") == "0")
        #expect(try await desk.booksHold())
    }

    @Test("a return that is under way and fails afterwards is no loss any more")
    func refundFailsAfterwards() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let request = RefundRequest(payment: payment, amount: nil, reason: nil)
        let id = RefundID(value: 1)
        _ = try await desk.settlement.requestRefund(request, by: desk.merchant, id: id)
        try await desk.settlement.advance(id.text)
        _ = try await undo(1, at: desk)
        #expect(try await desk.held("provider_losses") == "-1.5")
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil) }
        try await desk.settlement.advance(id.text)
        #expect(try await desk.held("provider_losses") == "0")
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await desk.booksHold())
    }

    @Test(
        "F56: a transfer that had ended is followed again, and ends once in the books, however it ends",
        arguments: Engine.allCases,
        [false, true]
    )
    func endedTransfer(engine: Engine, hadArrived: Bool) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        let id = payout.purpose.id
        let fee = try desk.amount("0.01")
        let arrived = TransferFate.confirmed(evidence: "e", fee: fee, at: Timestamp(seconds: 1))
        let dead = TransferFate.dead(reason: "the chain refused it", fee: fee)
        try await desk.settlement.advance(id)
        desk.provider.script.withLock { $0.fate = hadArrived ? arrived : dead }
        try await desk.settlement.advance(id)
        for end in [dead, arrived, dead] {
            let uncertain = Observation.uncertain(transfer: id, at: desk.clock.now())
            #expect(try await desk.settlement.record(uncertain, at: desk.provider) == .undone)
            #expect(try await desk.settlement.record(uncertain, at: desk.provider) == .repetition)
            #expect(try await desk.held("payouts_payable") == "1")
            #expect(try await desk.held("network_fees") == "0")
            desk.provider.script.withLock { $0.fate = end }
            #expect(try await desk.settlement.advance(id).status.state == (end == dead ? .failed : .completed))
            #expect(try await desk.held("payouts_payable") == "0")
            #expect(try await desk.held("network_fees") == "-0.01")
            #expect(try await desk.held("merchant_balance") == (end == dead ? "1.485" : "0.485"))
            #expect(try await desk.booksHold())
        }
        // What was signed is what is followed: nothing is signed again.
        #expect(desk.provider.script.withLock { $0.prepared } == 1)
    }
}
