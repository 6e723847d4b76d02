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

@Suite("Claims of unmatched payments, on each engine")
struct ClaimTests {
    private func claim(_ opened: InvoiceWithOptions, from owner: String, at desk: Desk) async throws -> [Payment] {
        try await desk.settlement.claim(
            ClaimRequest(for: opened.invoice.id, of: desk.merchant, from: owner, at: desk.provider)
        )
    }

    @Test("settle the invoice from suspense, once", arguments: Engine.allCases)
    func settles(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: nil, number: 1))
        #expect(try await desk.held("suspense") == "1.5")
        let claimed = try await claim(opened, from: "payer", at: desk)
        #expect(claimed.map(\.classification) == [.exact])
        #expect(claimed.map(\.invoice) == [opened.invoice.id])
        #expect(try await desk.held("suspense") == "0")
        #expect(try await desk.held("merchant_balance") == "1.485")
        let state = try await desk.settlement.invoice(opened.invoice.id, of: desk.merchant).invoice.status.state
        #expect(state == .settled)
        let cases = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10))
        }
        #expect(cases.isEmpty)
        await #expect(throws: SettlementError(.notFound, "")) { try await claim(opened, from: "payer", at: desk) }
        #expect(try await desk.booksHold())
        // A claimed payment is returned like any other.
        let request = RefundRequest(payment: claimed[0].id, amount: nil, reason: nil)
        _ = try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
        #expect(try await desk.held("merchant_balance") == "0")
        #expect(try await desk.booksHold())
    }

    @Test("count with earlier payments, and find no strangers' payments")
    func parts() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1"), for: opened.options[0].id, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("0.5"), for: nil, number: 2))
        await #expect(throws: SettlementError(.notFound, "")) { try await claim(opened, from: "stranger", at: desk) }
        #expect(try await claim(opened, from: "payer", at: desk).count == 1)
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await desk.booksHold())
    }

    @Test("of another merchant's invoice, or after a refund by the operator, find nothing")
    func refused() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: nil, number: 1))
        await #expect(throws: SettlementError(.notFound, "")) {
            try await desk.settlement.claim(
                ClaimRequest(
                    for: opened.invoice.id,
                    of: MerchantID(value: 0),
                    from: "payer",
                    at: desk.provider
                )
            )
        }
        let payment = try await desk.settlement.database.read { session in
            try session.unmatchedPayments(provider: desk.provider.key, payer: "payer", limit: 9)[0].id
        }
        let request = RefundRequest(payment: payment, amount: try desk.amount("0.5"), reason: nil)
        _ = try await desk.settlement.requestRefund(request, by: MerchantID(value: 0), id: RefundID(value: 1))
        await #expect(throws: SettlementError(.notFound, "")) { try await claim(opened, from: "payer", at: desk) }
        #expect(try await desk.booksHold())
    }

    @Test("of late payments classify these as late")
    func late() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: nil, number: 1, late: .seconds(601)))
        #expect(try await claim(opened, from: "payer", at: desk).map(\.classification) == [.late])
        #expect(try await desk.held("late_payments") == "1.5")
        #expect(try await desk.booksHold())
    }
}
