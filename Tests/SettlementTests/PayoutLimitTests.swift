import BigInt
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

@Suite("A payout or refund")
struct PayoutLimitTests {
    /// A rate of half a coin for a Star, or none.
    private struct StarRate: RateSource {
        let isKnown: Bool

        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            guard isKnown, base == .stars else { throw MoneyError(.noRate, "nobody knows") }
            do {
                let rate = try Rate(
                    base: base,
                    quote: quote,
                    numerator: 1,
                    denominator: 2,
                    source: "test",
                    observedAt: now
                )
                return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
            } catch { throw MoneyError(.noRate, "\(error)") }
        }
    }

    private func paid(
        _ engine: Engine,
        rates: any RateSource = StarRate(isKnown: false)
    ) async throws -> (Desk, PaymentID) {
        let desk = try await Desk(on: engine, rates: rates)
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

    @Test("has a minimum for each asset, which the refusal names", arguments: Engine.allCases)
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

    @Test("is refused when the network's fee is more than a tenth of it", arguments: Engine.allCases)
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

    /// A tenth of 0.001 is 100,000 units, which are worth 200,000 units of Stars.
    @Test(
        "is compared with a fee in another asset by its rate, and passes when there is none",
        arguments: [(200_000, true, true), (200_001, true, false), (200_001, false, true)]
    )
    func otherAsset(units: Int, isKnown: Bool, isTaken: Bool) async throws {
        let (desk, _) = try await paid(.sqlite, rates: StarRate(isKnown: isKnown))
        desk.provider.script.withLock { $0.fee = Amount(asset: .stars, units: Int256(Int64(units))) }
        guard isTaken else {
            let refusal = await #expect(throws: SettlementError.self) { try await ask("0.001", of: desk) }
            #expect(refusal?.code == .networkFeeTooHigh)
            return
        }
        #expect(try await ask("0.001", of: desk).status.state == .awaitingPayment)
    }

    @Test(
        "waits unsigned while the fee has risen above the limit, and can be cancelled meanwhile",
        arguments: [false, true]
    )
    func risenPrices(isBatching: Bool) async throws {
        let (desk, _) = try await paid(.sqlite)
        desk.provider.script.withLock { $0.isBatching = isBatching }
        let ids = try await [ask("0.5", of: desk, 1), ask("0.5", of: desk, 2)].map(\.purpose.id)
        let fee = try desk.amount("0.06")
        desk.provider.script.withLock { $0.fee = fee }
        for id in ids { #expect(try await desk.settlement.advance(id).status.state == .awaitingPayment) }
        #expect(desk.provider.script.withLock { $0.prepared } == 0)
        let called = try await desk.settlement.decide(
            PayoutDecision(PayoutID(value: 2), of: desk.merchant, approves: false)
        )
        #expect(called.status.state == .cancelled)
        desk.provider.script.withLock { $0.fee = nil }
        #expect(try await desk.settlement.advance(ids[0]).status.state == .inProgress)
        #expect(try await desk.booksHold())
    }
}
