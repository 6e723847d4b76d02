import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
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
        return try await desk.settlement.record(.vanished(key, at: desk.clock.now()), at: desk.provider)
    }

    private func invoice(_ opened: InvoiceWithOptions, at desk: Desk) async throws -> Invoice {
        try await desk.settlement.invoice(opened.invoice.id, of: desk.merchant).invoice
    }

    @Test("leave the books as if they had never been, whatever their classification", arguments: Engine.allCases)
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
        "put the other parts of their invoice back on clearing, until the rest comes again",
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

    @Test("leave an invoice settled that is covered without them", arguments: Engine.allCases)
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

    @Test("make a sent refund a loss, and cancel a waiting one", arguments: [false, true])
    func refunds(isSent: Bool) async throws {
        let desk = try await Desk()
        let opened = try await desk.openPaid().invoice
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

    @Test("make no loss of a refund under way that fails afterwards")
    func refundFailsAfterwards() async throws {
        let desk = try await Desk()
        let opened = try await desk.openPaid().invoice
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let request = RefundRequest(payment: payment, amount: nil, reason: nil)
        let id = RefundID(value: 1)
        _ = try await desk.settlement.requestRefund(request, by: desk.merchant, id: id)
        try await desk.settlement.advance(id.text)
        _ = try await undo(1, at: desk)
        #expect(try await desk.held("provider_losses") == "-1.5")
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil, at: Timestamp(seconds: 1)) }
        try await desk.settlement.advance(id.text)
        #expect(try await desk.held("provider_losses") == "0")
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await desk.booksHold())
    }

    @Test(
        "a transfer whose end is taken back is followed again, and ends once in the books, with any fate",
        arguments: Engine.allCases,
        [false, true]
    )
    func endedTransfer(engine: Engine, hadArrived: Bool) async throws {
        let desk = try await Desk(on: engine)
        _ = try await desk.openPaid()
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        let id = payout.purpose.id
        let fee = try desk.amount("0.01")
        let arrived = TransferFate.confirmed(evidence: "e", fee: fee, at: Timestamp(seconds: 1))
        let dead = TransferFate.dead(reason: "the chain refused it", fee: fee, at: Timestamp(seconds: 1))
        try await desk.settlement.advance(id)
        let openCases = { [desk] in
            try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 10)) }
        }
        desk.provider.script.withLock { $0.fate = hadArrived ? arrived : dead }
        try await desk.settlement.advance(id)
        let lost = TransferFate.lost(reason: "a contract has kept it", fee: fee, at: Timestamp(seconds: 1))
        for end in [dead, arrived, lost, dead, lost] {
            let uncertain = Observation.uncertain(transfer: id, at: desk.clock.now())
            #expect(try await desk.settlement.record(uncertain, at: desk.provider) == .undone)
            #expect(try await desk.settlement.record(uncertain, at: desk.provider) == .repetition)
            #expect(try await desk.held("payouts_payable") == "1")
            #expect(try await desk.held("network_fees") == "0")
            #expect(try await openCases().isEmpty)
            desk.provider.script.withLock { $0.fate = end }
            #expect(try await desk.settlement.advance(id).status.state == (end == dead ? .failed : .completed))
            #expect(try await desk.held("payouts_payable") == "0")
            #expect(try await desk.held("network_fees") == "-0.01")
            #expect(try await desk.held("merchant_balance") == (end == dead ? "1.485" : "0.485"))
            // An undelivered transfer has a case, until it is followed again.
            #expect(try await openCases().map(\.reason) == (end == lost ? [.undelivered] : []))
            #expect(try await desk.booksHold())
        }
        // The same signed transfer is followed: nothing is signed again.
        #expect(desk.provider.script.withLock { $0.prepared } == 1)
    }

    @Test("a transfer that ended without having been taken, and that the chain shows all the same, is booked as sent")
    func failedTransferThatHadLeft() async throws {
        let desk = try await Desk()
        _ = try await desk.openPaid()
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        let id = payout.purpose.id
        try await desk.settlement.advance(id)
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil, at: Timestamp(seconds: 1)) }
        let failed = try await desk.settlement.advance(id)
        #expect(failed.status.state == .failed)
        #expect(try await desk.held("merchant_balance") == "1.485")
        let movement = AccountMovement(
            naturalKey: NaturalKey("chain", "1"),
            kind: .unexplained,
            amount: try desk.amount("1").negated(),
            reason: "a payout",
            occurredAt: Timestamp(seconds: 2)
        )
        let hash = try #require(failed.prepared?.hash)
        let sent = Observation.sent(SentTransfer(naturalKey: NaturalKey("chain", "1"), hash: hash, movement: movement))
        _ = try await desk.settlement.record(sent, at: desk.provider)
        desk.provider.script.withLock {
            $0.fate = .confirmed(evidence: "e", fee: nil, at: Timestamp(seconds: 2))
        }
        #expect(try await desk.settlement.advance(id).status.state == .completed)
        #expect(try await desk.held("merchant_balance") == "0.485")
        #expect(try await desk.held("payouts_payable") == "0")
        #expect(try await desk.booksHold())
    }

    @Test("are the same payments, and count again, when their block comes back", arguments: Engine.allCases)
    func comesBack(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (opened, transfer) = try await desk.openPaid()
        let payments = { [desk] in
            try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id) }
        }
        let account = ScanAccount(account: "all", subject: "blocks")
        for turn in 1...3 {
            let standing = try #require(try await payments().first)
            let gone = Observation.vanished(standing.naturalKey, at: desk.clock.now())
            #expect(try await desk.settlement.record(gone, at: desk.provider) == .undone)
            #expect(try await desk.held("merchant_balance") == "0")
            // Only a scan can bring a payment back: a repeated push is the same observation.
            try await desk.receive(transfer)
            #expect(try await invoice(opened, at: desk).status.state == .new)
            let incoming = Observation.incoming(transfer)
            let seen = [incoming, incoming]
            let page = ScanPage(observations: seen, position: "\(turn)", hasMore: false, completeUntil: nil)
            let before = turn == 1 ? nil : "\(turn - 1)"
            try await desk.settlement.record(page, of: account, at: desk.provider, after: before)
            #expect(try await payments().map(\.state) == [.final])
            #expect(try await payments().map(\.id) == [standing.id])
            #expect(try await invoice(opened, at: desk).status.state == .settled)
            #expect(try await desk.held("merchant_balance") == "1.485")
            #expect(try await desk.booksHold())
        }
    }

    @Test(
        "movements that a rail takes back are undone with their cases, and booked anew when they happen again",
        arguments: Engine.allCases,
        AccountMovement.Kind.allCases
    )
    func movements(engine: Engine, kind: AccountMovement.Kind) async throws {
        let desk = try await Desk(on: engine)
        let start = desk.clock.now()
        let openCases = { [desk] in
            try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 10)).count }
        }
        let standing = { [desk] in
            try await desk.settlement.database.read { session in
                try session.standingMovements(provider: desk.provider.key, since: start)
            }
        }
        func moved(_ number: Int, _ amount: String) throws -> Observation {
            .movement(
                AccountMovement(
                    naturalKey: NaturalKey("test", "movement", "\(number)"),
                    kind: kind,
                    amount: try desk.amount(amount),
                    reason: "it moved",
                    occurredAt: start.advanced(by: .seconds(number))
                )
            )
        }
        let waits = kind == .unexplained || kind == .takenBack
        for number in [1, 2] { try await desk.settlement.record(moved(number, "0.25"), at: desk.provider) }
        #expect(try await standing().count == 2)
        let second = try #require(try await standing().last)
        let casesOfSecond = { [desk] in
            try await desk.settlement.database.read { try $0.openCases(of: second).count }
        }
        for key in try await standing() {
            // The other movement has the same amount and a case of its own.
            #expect(try await casesOfSecond() == (waits ? 1 : 0))
            let gone = Observation.vanished(key, at: desk.clock.now())
            #expect(try await desk.settlement.record(gone, at: desk.provider) == .undone)
            #expect(try await desk.settlement.record(gone, at: desk.provider) == .repetition)
        }
        #expect(try await standing().isEmpty)
        #expect(try await openCases() == 0)
        #expect(try await desk.held("provider_receivable") == "0")
        // After the reorganisation one of them happens again, with a smaller amount.
        #expect(try await desk.settlement.record(moved(2, "0.2"), at: desk.provider) == .booked)
        #expect(try await desk.settlement.record(moved(2, "0.2"), at: desk.provider) == .repetition)
        #expect(try await standing().count == 1)
        #expect(try await desk.held("provider_receivable") == "-0.2")
        #expect(try await openCases() == (waits ? 1 : 0))
        #expect(try await desk.booksHold())
    }
}
