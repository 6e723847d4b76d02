import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The decision about a case, on each engine")
struct ResolveCaseTests {
    private static let nobody = MerchantID(value: 0)

    /// A case, the decision, and the balances after it.
    struct Row: Sendable, CustomTestStringConvertible {
        let reason: ExceptionCase.Reason
        /// Amounts paid for the invoice of 1.5, before and after its end.
        var inTime: [String] = []
        var late: [String] = []
        let decision: CaseDecision
        let merchant: String
        let waiting: String
        let refunds: String
        let invoice: (InvoiceStateMachine.State, InvoiceStateMachine.Exception)

        var testDescription: String { "\(reason.rawValue), \(decision)" }
    }

    // The gateway keeps one hundredth of what a merchant receives.
    static let rows: [Row] = [
        Row(
            reason: .underpaid,
            inTime: ["1"],
            decision: .accept(settlesInvoice: nil),
            merchant: "0.99",
            waiting: "0",
            refunds: "0",
            invoice: (.settled, .marked)
        ),
        Row(
            reason: .underpaid,
            inTime: ["0.5", "0.4"],
            decision: .accept(settlesInvoice: nil),
            merchant: "0.891",
            waiting: "0",
            refunds: "0",
            invoice: (.settled, .marked)
        ),
        Row(
            reason: .underpaid,
            inTime: ["0.5", "0.4"],
            decision: .accept(settlesInvoice: false),
            merchant: "0.495",
            waiting: "0.4",
            refunds: "0",
            invoice: (.expired, .paidPartial)
        ),
        Row(
            reason: .underpaid,
            inTime: ["1"],
            decision: .refund,
            merchant: "0",
            waiting: "0",
            refunds: "1",
            invoice: (.expired, .paidPartial)
        ),
        Row(
            reason: .overpaid,
            inTime: ["2"],
            decision: .accept(settlesInvoice: nil),
            merchant: "1.98",
            waiting: "0",
            refunds: "0",
            invoice: (.settled, .paidOver)
        ),
        Row(
            reason: .overpaid,
            inTime: ["2"],
            decision: .refund,
            merchant: "1.485",
            waiting: "0",
            refunds: "0.5",
            invoice: (.settled, .paidOver)
        ),
        Row(
            reason: .late,
            late: ["1.5"],
            decision: .accept(settlesInvoice: nil),
            merchant: "1.485",
            waiting: "0",
            refunds: "0",
            invoice: (.settled, .marked)
        ),
        Row(
            reason: .late,
            late: ["1.5"],
            decision: .refund,
            merchant: "0",
            waiting: "0",
            refunds: "1.5",
            invoice: (.expired, .paidLate)
        ),
        Row(
            reason: .repeated,
            inTime: ["1.5", "1.5"],
            decision: .accept(settlesInvoice: nil),
            merchant: "2.97",
            waiting: "0",
            refunds: "0",
            invoice: (.settled, .paidOver)
        ),
        Row(
            reason: .repeated,
            inTime: ["1.5", "1.5"],
            decision: .refund,
            merchant: "1.485",
            waiting: "0",
            refunds: "1.5",
            invoice: (.settled, .paidOver)
        ),
    ]

    private func openCase(_ reason: ExceptionCase.Reason, at desk: Desk) async throws -> ExceptionCase {
        let open = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10))
        }
        return try #require(open.last { $0.reason == reason })
    }

    private func waiting(at desk: Desk) async throws -> String {
        var sum = Amount.zero(desk.coin.id)
        for code in ["underpayments", "overpayments", "late_payments", "repeated_payments"] {
            sum = try sum.adding(desk.amount(try await desk.held(code)))
        }
        return try desk.coin.text(sum)
    }

    @Test("moves the waiting money, is announced once, and leaves clean books", arguments: rows, Engine.allCases)
    func decided(row: Row, engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        var number = 0
        for (text, late) in row.inTime.map({ ($0, Duration.zero) }) + row.late.map({ ($0, .seconds(601)) }) {
            number += 1
            let amount = try desk.amount(text)
            try await desk.receive(desk.transfer(amount, for: opened.options[0].id, number: number, late: late))
        }
        desk.clock.advance(by: .seconds(700))
        try await desk.settlement.expireInvoices()
        let found = try await openCase(row.reason, at: desk)
        let (id, merchant) = (found.id, desk.merchant)
        let closed = try await desk.settlement.resolveCase(CaseRequest(id, row.decision, note: "agreed"), by: merchant)
        #expect(closed.state == .resolved && closed.resolution?.note == "agreed")
        #expect(try await desk.held("merchant_balance") == row.merchant)
        #expect(try await waiting(at: desk) == row.waiting)
        #expect(try await desk.held("refunds_payable") == row.refunds)
        let status = try await desk.settlement.invoice(opened.invoice.id, of: merchant).invoice.status
        #expect(status.state == row.invoice.0 && status.exception == row.invoice.1)
        #expect(try await desk.booksHold())
        // The same decision again changes nothing, and another one is too late.
        #expect(
            try await desk.settlement.resolveCase(CaseRequest(id, row.decision, note: "again"), by: merchant) == closed
        )
        await #expect(throws: SettlementError(.invalidState, "")) {
            try await desk.settlement.resolveCase(CaseRequest(id, .dismiss), by: merchant)
        }
        #expect(try await desk.held("merchant_balance") == row.merchant)
        let events = try await desk.settlement.database.read { session in
            try session.events(of: merchant, in: Page(limit: 100)).filter { $0.type == "case.resolved" }.count
        }
        #expect(events == (row.inTime.count > 1 && row.merchant == "0.891" ? 2 : 1))
    }

    @Test("assigns an unmatched payment to an invoice, by the operator only")
    func assigned() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: nil, number: 1))
        let found = try await openCase(.unmatched, at: desk)
        let decision = CaseDecision.assign(opened.invoice.id)
        await #expect(throws: SettlementError(.notFound, "")) {
            try await desk.settlement.resolveCase(CaseRequest(found.id, decision), by: desk.merchant)
        }
        for refused in [CaseDecision.accept(settlesInvoice: nil), .dismiss, .assign(InvoiceID(value: 99))] {
            await #expect(throws: SettlementError.self) {
                try await desk.settlement.resolveCase(CaseRequest(found.id, refused), by: Self.nobody)
            }
        }
        let closed = try await desk.settlement.resolveCase(
            CaseRequest(found.id, decision, note: "by mail"),
            by: Self.nobody
        )
        #expect(closed.resolution?.outcome == .assigned && closed.resolution?.object == opened.invoice.id.text)
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await desk.booksHold())
    }

    @Test("leaves no money behind: a case with waiting money is not dismissed, and a refund of all closes it")
    func dismissed() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        for number in [1, 2] {
            try await desk.receive(
                desk.transfer(try desk.amount("1.5"), for: opened.options[0].id, number: number)
            )
        }
        let found = try await openCase(.repeated, at: desk)
        let payment = try #require(found.payment)
        func refund(_ text: String) async throws {
            let request = RefundRequest(payment: payment, amount: try desk.amount(text), reason: nil)
            _ = try await desk.settlement.requestRefund(
                request,
                by: desk.merchant,
                id: desk.settlement.identifiers.next()
            )
        }
        try await refund("1")
        await #expect(throws: SettlementError(.invalidState, "")) {
            try await desk.settlement.resolveCase(CaseRequest(found.id, .dismiss), by: desk.merchant)
        }
        #expect(try await openCase(.repeated, at: desk).amount == desk.amount("0.5"))
        try await refund("0.5")
        for late in [CaseDecision.accept(settlesInvoice: nil), .dismiss] {
            await #expect(throws: SettlementError(.invalidState, "")) {
                try await desk.settlement.resolveCase(CaseRequest(found.id, late), by: desk.merchant)
            }
        }
        let closed = try await desk.settlement.database.read { try $0.exceptionCase(found.id) }
        #expect(closed?.resolution?.outcome == .refunded)
        #expect(try await desk.booksHold())
    }

    @Test("does not settle an invoice that still waits for payments")
    func waits() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("1"), for: option, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("0.5"), for: option, number: 2, late: .seconds(601)))
        let found = try await openCase(.late, at: desk)
        await #expect(throws: SettlementError(.invalidState, "")) {
            try await desk.settlement.resolveCase(
                CaseRequest(found.id, .accept(settlesInvoice: true)),
                by: desk.merchant
            )
        }
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await openCase(.late, at: desk) == found)
        #expect(try await desk.booksHold())
    }
}
