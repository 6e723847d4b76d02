import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("What a transfer may cost")
struct PayoutLimitTests {
    private func paid(_ engine: Engine) async throws -> (Desk, PaymentID) {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let payments = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id) }
        return (desk, try #require(payments.first).id)
    }

    private func ask(_ amount: String, of desk: Desk, _ id: UInt128 = 1) async throws -> OutgoingTransfer {
        let request = PayoutRequest(
            amount: try desk.amount(amount),
            destination: "d",
            comment: nil,
            needsApproval: false
        )
        return try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: id))
    }

    @Test("is bounded below by the asset's minimum, which the refusal names", arguments: Engine.allCases)
    func minimum(engine: Engine) async throws {
        let (desk, payment) = try await paid(engine)
        for amount in ["0.000000001", "0.000999999"] {
            let refusal = await #expect(throws: SettlementError.self) { try await ask(amount, of: desk) }
            #expect(refusal?.code == .amountTooSmall)
            #expect(refusal?.parameter == "amount")
            #expect(refusal?.reason.contains("0.001") == true)
            let wish = RefundRequest(payment: payment, amount: try desk.amount(amount), reason: nil)
            let other = await #expect(throws: SettlementError.self) {
                try await desk.settlement.requestRefund(wish, by: desk.merchant, id: RefundID(value: 1))
            }
            #expect(other?.code == .amountTooSmall)
        }
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await ask("0.001", of: desk).status.state == .awaitingPayment)
    }

    @Test("is a tenth of its amount at most when it is asked for", arguments: Engine.allCases)
    func fee(engine: Engine) async throws {
        let (desk, payment) = try await paid(engine)
        let fee = try desk.amount("0.05")
        desk.provider.script.withLock { $0.fee = fee }
        let refusal = await #expect(throws: SettlementError.self) { try await ask("0.499999999", of: desk) }
        #expect(refusal?.code == .networkFeeTooHigh)
        #expect(refusal?.parameter == "amount")
        let wish = RefundRequest(payment: payment, amount: try desk.amount("0.4"), reason: nil)
        let other = await #expect(throws: SettlementError.self) {
            try await desk.settlement.requestRefund(wish, by: desk.merchant, id: RefundID(value: 1))
        }
        #expect(other?.code == .networkFeeTooHigh)
        #expect(try await ask("0.5", of: desk).status.state == .awaitingPayment)
    }

    @Test("keeps a transfer waiting, unsigned, while prices have risen; until then it can be called off")
    func risenPrices() async throws {
        let (desk, _) = try await paid(.sqlite)
        let ids = try await [ask("0.5", of: desk, 1), ask("0.5", of: desk, 2)].map(\.purpose.id)
        let fee = try desk.amount("0.06")
        desk.provider.script.withLock { $0.fee = fee }
        for id in ids { #expect(try await desk.settlement.advance(id).status.state == .awaitingPayment) }
        #expect(desk.provider.script.withLock { $0.prepared } == 0)
        let called = try await desk.settlement.decidePayout(PayoutID(value: 2), of: desk.merchant, approve: false)
        #expect(called.status.state == .cancelled)
        desk.provider.script.withLock { $0.fee = nil }
        #expect(try await desk.settlement.advance(ids[0]).status.state == .inProgress)
        #expect(try await desk.booksHold())
    }
}
