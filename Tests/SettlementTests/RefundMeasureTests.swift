import BigInt
import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The amount of a refund, on each engine")
struct RefundMeasureTests {
    /// A changing price of a Star in TON.
    private struct OneRate: RateSource {
        let clock: ManualClock
        let opened: Timestamp

        // A Star costs 0.15 TON when the invoice is opened, 0.1 TON later.
        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            do {
                let numerator: BigUInt = now == opened ? 15 : 10
                let rate = try Rate(
                    base: base,
                    quote: quote,
                    numerator: numerator,
                    denominator: 100,
                    source: "test",
                    observedAt: now
                )
                return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
            } catch { throw MoneyError(.noRate, "\(error)") }
        }
    }

    /// A measure and its amount, of a payment of 1.5 TON for 10 Stars, or the error.
    struct Row: Sendable, CustomTestStringConvertible {
        let measure: RefundMeasure
        let outcome: Result<String, SettlementError>
        var testDescription: String { "\(measure)" }
    }

    private static func stars(_ count: Int64) -> Amount { Amount(asset: .stars, units: Int256(count * 1_000_000_000)) }

    static let rows: [Row] = [
        Row(measure: .paid(nil), outcome: .success("1.5")),
        Row(measure: .originalRate(nil), outcome: .success("1.5")),
        Row(measure: .originalRate(stars(4)), outcome: .success("0.6")),
        Row(measure: .currentRate(nil), outcome: .success("1")),
        Row(measure: .currentRate(stars(4)), outcome: .success("0.4")),
        Row(measure: .originalRate(stars(11)), outcome: .failure(.init(.amountTooLarge, ""))),
        Row(measure: .currentRate(stars(0)), outcome: .failure(.init(.invalidRequest, ""))),
        Row(measure: .overpaid, outcome: .failure(.init(.invalidState, ""))),
    ]

    private func paid(_ text: String, on engine: Engine) async throws -> (Desk, PaymentID) {
        let clock = ManualClock(Timestamp(seconds: 1_000_000))
        let desk = try await Desk(on: engine, rates: OneRate(clock: clock, opened: clock.now()))
        let request = InvoiceRequest(title: "Tea", summary: "Tea", goods: .physical, price: Self.stars(10))
        let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: InvoiceID(value: 1))
        #expect(try desk.coin.text(opened.options[0].due) == "1.5")
        let recorded = try await desk.receive(desk.transfer(try desk.amount(text), for: opened.options[0].id))
        guard case .payment(let payment, _) = recorded else { throw Desk.Crash() }
        desk.clock.advance(by: .seconds(30))
        return (desk, payment)
    }

    @Test("is the price at the rate of the payment or of now, or the paid amount", arguments: rows, Engine.allCases)
    func measured(row: Row, engine: Engine) async throws {
        let (desk, payment) = try await paid("1.5", on: engine)
        let request = RefundRequest(payment: payment, measure: row.measure, reason: "returned")
        switch row.outcome {
        case .failure(let error):
            await #expect(throws: error) {
                try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
            }
        case .success(let text):
            let made = try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
            #expect(try desk.coin.text(made.amount) == text)
            #expect(try await desk.held("refunds_payable") == text)
            // The rate is stored with the refund, and read back unchanged.
            let stored = try await desk.settlement.database.read { try $0.outgoing(made.purpose.id) }
            #expect(stored == made)
            switch row.measure {
            case .originalRate: #expect(made.quote?.rate.numerator == 3)
            case .currentRate: #expect(made.quote?.rate.numerator == 1)
            case .paid, .overpaid: #expect(made.quote == nil)
            }
        }
        #expect(try await desk.booksHold())
    }

    @Test("is the overpaid amount, once", arguments: Engine.allCases)
    func overpaid(engine: Engine) async throws {
        let (desk, payment) = try await paid("2", on: engine)
        let request = RefundRequest(payment: payment, measure: .overpaid, reason: nil)
        let made = try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
        #expect(try desk.coin.text(made.amount) == "0.5")
        #expect(try await desk.held("overpayments") == "0")
        await #expect(throws: SettlementError(.invalidState, "")) {
            try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 2))
        }
        #expect(try await desk.booksHold())
    }

    @Test("at the current rate is never more than the rest of the payment")
    func limited() async throws {
        let (desk, payment) = try await paid("1.5", on: .sqlite)
        let half = RefundRequest(payment: payment, amount: try desk.amount("1"), reason: nil)
        _ = try await desk.settlement.requestRefund(half, by: desk.merchant, id: RefundID(value: 1))
        let rest = RefundRequest(payment: payment, measure: .currentRate(nil), reason: nil)
        await #expect(throws: SettlementError(.amountTooLarge, "")) {
            try await desk.settlement.requestRefund(rest, by: desk.merchant, id: RefundID(value: 2))
        }
    }
}
