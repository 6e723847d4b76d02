import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Synchronization
import Testing

@testable import Storage

/// Journals as they were before ledger transactions named what they undo: the step that changed it is carried out on rows
/// of the old form, and what happens afterwards comes out as in a journal of the new form.
@Suite("Journals from before reversals were named, on each engine")
struct OldJournalTests {
    /// Gives the rows their old form, and carries the step out.
    private func migrate(_ desk: Desk, _ old: [String]) async throws {
        _ = try await desk.settlement.database.write { session in
            for statement in old { try session.execute(statement, []) }
            try session.execute("UPDATE outgoing SET reservation = NULL", [])
            for statement in Schema.reversals.statements where statement.hasPrefix("UPDATE") {
                try session.execute(statement, [])
            }
        }
    }

    private static let unnamed = "UPDATE ledger_transactions SET reverses = NULL"
    /// Refunds were set aside under the payment that they return.
    private static let underPayments = """
        UPDATE ledger_transactions SET subject = (SELECT o.payment FROM outgoing o WHERE o.id = ledger_transactions.subject)
        WHERE kind = 'refund_reserved'
        """

    private func see(_ observation: Observation, at desk: Desk) async throws -> RecordedObservation {
        try await desk.settlement.record(observation, at: desk.provider)
    }

    /// The rail's history has a payment again, as the page of a scan shows it.
    private func comeBack(_ transfer: IncomingTransfer, at desk: Desk, page: Int) async throws {
        try await desk.settlement.record(
            ScanPage(observations: [.incoming(transfer)], position: "\(page)", hasMore: false, completeUntil: nil),
            of: ScanAccount(account: "all", subject: "blocks"),
            at: desk.provider,
            after: page == 1 ? nil : "\(page - 1)"
        )
    }

    private func vanish(_ number: Int, at desk: Desk) async throws -> RecordedObservation {
        try await see(.vanished(NaturalKey("test", "\(number)"), at: desk.clock.now()), at: desk)
    }

    private func isEmpty(_ desk: Desk) async throws -> Bool {
        try await desk.settlement.database.read { try $0.trialBalance().lines.allSatisfy(\.balance.isZero) }
    }

    /// Has a transfer sent, and ended by `fate`.
    private func finish(_ id: String, at desk: Desk, _ fate: TransferFate) async throws {
        desk.provider.script.withLock { $0.fates[id] = fate }
        for _ in 0..<2 { try await desk.settlement.advance(id) }
    }

    @Test("give the money of each of two equal refunds back to where that one came from", arguments: Engine.allCases)
    func equalRefunds(engine: Engine) async throws {
        for failing in 0...1 {
            let desk = try await Desk(on: engine)
            desk.provider.script.withLock { $0.hasOneLane = false }
            let opened = try await desk.openInvoice()
            try await desk.receive(desk.transfer(try desk.amount("2"), for: opened.options[0].id))
            let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
            // The first half is what was paid too much, the second one what was earned.
            for number in 1...2 {
                let request = RefundRequest(payment: payment, amount: try desk.amount("0.5"), reason: nil)
                _ = try await desk.settlement.requestRefund(
                    request,
                    by: desk.merchant,
                    id: RefundID(value: UInt128(number))
                )
            }
            try await migrate(desk, [Self.underPayments])
            let id = RefundID(value: UInt128(failing + 1)).text
            try await finish(id, at: desk, .dead(reason: "expired", fee: nil, at: desk.clock.now()))
            #expect(try await desk.held("overpayments") == (failing == 0 ? "0.5" : "0"))
            #expect(try await desk.held("merchant_balance") == (failing == 0 ? "0.99" : "1.485"))
            #expect(try await desk.held("refunds_payable") == "0.5")
            try await desk.settlement.database.close()
        }
    }

    @Test("forget nothing of a payment that was taken back, and undo nothing twice", arguments: Engine.allCases)
    func orphaned(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let transfer = try await desk.openPaid().by
        _ = try await vanish(1, at: desk)
        try await migrate(desk, [Self.unnamed])
        for page in 1...2 {
            try await comeBack(transfer, at: desk, page: page)
            #expect(try await desk.held("merchant_balance") == "1.485")
            #expect(try await desk.held("fee_income") == "0.015")
            #expect(try await vanish(1, at: desk) == .undone)
            #expect(try await isEmpty(desk))
        }
    }

    @Test("keep what was returned of a payment as a loss while the payment is gone", arguments: Engine.allCases)
    func refunded(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (opened, transfer) = try await desk.openPaid()
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let request = RefundRequest(payment: payment, amount: try desk.amount("0.5"), reason: nil)
        let id = RefundID(value: 1)
        _ = try await desk.settlement.requestRefund(request, by: desk.merchant, id: id)
        try await finish(id.text, at: desk, .confirmed(evidence: "e", fee: nil, at: desk.clock.now()))
        try await migrate(desk, [Self.underPayments])
        for page in 1...2 {
            #expect(try await vanish(1, at: desk) == .undone)
            #expect(try await desk.held("provider_losses") == "-0.5")
            #expect(try await desk.held("merchant_balance") == "0")
            try await comeBack(transfer, at: desk, page: page)
            #expect(try await desk.held("provider_losses") == "0")
            #expect(try await desk.held("merchant_balance") == "0.99")
            #expect(try await desk.held("refunds_payable") == "0")
        }
    }

    @Test("count the end of a transfer once, however often it was taken back before", arguments: Engine.allCases)
    func reopened(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice("10")
        try await desk.receive(desk.transfer(try desk.amount("10"), for: opened.options[0].id))
        let id = PayoutID(value: 1)
        let request = PayoutRequest(
            amount: try desk.amount("2"),
            destination: "d",
            comment: nil,
            needsApproval: false
        )
        _ = try await desk.settlement.requestPayout(request, by: desk.merchant, id: id)
        let sent = TransferFate.confirmed(evidence: "e", fee: try desk.amount("0.1"), at: desk.clock.now())
        func takeBack() async throws {
            let observation = Observation.uncertain(transfer: id.text, at: desk.clock.now())
            #expect(try await see(observation, at: desk) == .undone)
            #expect(try await desk.held("payouts_payable") == "2")
            #expect(try await desk.held("network_fees") == "0")
            #expect(try await desk.held("provider_receivable") == "-10")
        }
        try await finish(id.text, at: desk, sent)
        try await takeBack()
        try await migrate(desk, [Self.unnamed])
        for _ in 0..<2 {
            try await finish(id.text, at: desk, sent)
            #expect(try await desk.held("payouts_payable") == "0")
            #expect(try await desk.held("provider_receivable") == "-7.9")
            try await takeBack()
        }
    }

    @Test("know a payment that came back under another number as the payment that it was", arguments: Engine.allCases)
    func again(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: 1))
        _ = try await vanish(1, at: desk)
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: 2))
        let (first, second) = (NaturalKey("test", "1").text, NaturalKey("test", "2").text)
        try await migrate(
            desk,
            [
                Self.unnamed, "DELETE FROM observations WHERE key = '\(second)'",
                "UPDATE payments SET natural_key = '\(first) again 1' WHERE natural_key = '\(second)'",
            ]
        )
        #expect(try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: 1)) == .repetition)
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await vanish(1, at: desk) == .undone)
        #expect(try await isEmpty(desk))
    }
}
