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

@Suite("Quotes of an invoice, on each engine")
struct RenewQuotesTests {
    /// A Star costs 0.15 TON in the first minute and 0.2 TON after that; a quote holds for a minute.
    private struct RisingRate: RateSource {
        let start: Timestamp

        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            do {
                let price: BigUInt = now.since(start) < .seconds(60) ? 15 : 20
                let rate = try Rate(
                    base: base,
                    quote: quote,
                    numerator: price,
                    denominator: 100,
                    source: "test",
                    observedAt: now
                )
                return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
            } catch { throw MoneyError(.noRate, "\(error)") }
        }
    }

    private static let invoice = InvoiceID(value: 1)

    private func desk(
        on engine: Engine,
        lifetime: Duration = .seconds(3_600)
    ) async throws -> (Desk, InvoiceWithOptions) {
        let desk = try await Desk(on: engine, rates: RisingRate(start: Timestamp(seconds: 1_000_000)))
        let price = Amount(asset: .stars, units: Int256(10_000_000_000))
        let request = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: price,
            lifetime: lifetime
        )
        return (desk, try await desk.settlement.openInvoice(request, for: desk.merchant, id: Self.invoice))
    }

    /// A payment, its time, and its classification; the quote is renewed after 100 seconds.
    struct Row: Sendable, CustomTestStringConvertible {
        let paidAfter: Int
        let amount: String
        let classification: Payment.Classification
        var testDescription: String { "\(amount) after \(paidAfter) s is \(classification.rawValue)" }
    }

    // The old quote ends after 60 seconds, and counts for 180 seconds more.
    static let rows: [Row] = [
        Row(paidAfter: 50, amount: "1.5", classification: .exact),
        Row(paidAfter: 240, amount: "1.5", classification: .exact),
        Row(paidAfter: 241, amount: "1.5", classification: .partial),
        Row(paidAfter: 241, amount: "2", classification: .exact),
        Row(paidAfter: 240, amount: "2", classification: .over),
    ]

    @Test("count for the payments that are made while they hold", arguments: rows, Engine.allCases)
    func paid(row: Row, engine: Engine) async throws {
        let (desk, opened) = try await desk(on: engine)
        #expect(try desk.coin.text(opened.options[0].due) == "1.5")
        desk.clock.advance(by: .seconds(100))
        let renewed = try await desk.settlement.renewQuotes(of: Self.invoice)
        #expect(try desk.coin.text(renewed.options[0].due) == "2" && renewed.options[0].id == opened.options[0].id)
        #expect(try await desk.settlement.renewQuotes(of: Self.invoice) == renewed, "a quote that holds is not renewed")
        let amount = try desk.amount(row.amount)
        let option = opened.options[0].id
        let recorded = try await desk.receive(
            desk.transfer(amount, for: option, late: .seconds(row.paidAfter - 100))
        )
        guard case .payment(let payment, let classification) = recorded else { throw Desk.Crash() }
        #expect(classification == row.classification)
        // The payment records its quote.
        let stored = try #require(try await desk.settlement.database.read { try $0.payment(payment) })
        let isFirst = row.paidAfter <= 240
        #expect(stored.quote == (isFirst ? opened : renewed).options[0].quote)
        if row.classification == .exact {
            // It is refunded at that rate.
            let request = RefundRequest(payment: payment, measure: .originalRate(nil), reason: nil)
            let refund = try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
            #expect(refund.amount == amount)
        }
        #expect(try await desk.booksHold())
    }

    /// A payment after a quote that was not renewed, whether a nanoton was paid in time, and its classification.
    static let stale: [(paidAfter: Int, hasDust: Bool, amount: String, classification: Payment.Classification)] = [
        (240, false, "1.5", .exact), (241, false, "1.5", .partial), (241, false, "2", .exact),
        (3_500, false, "1.5", .partial), (3_500, true, "1.5", .partial), (3_500, true, "2", .over),
    ]

    @Test(
        "end also when nobody renews them: a later payment counts at the rate of its time",
        arguments: 0..<stale.count,
        Engine.allCases
    )
    func forgotten(row: Int, engine: Engine) async throws {
        let row = Self.stale[row]
        let (desk, opened) = try await desk(on: engine)
        let option = opened.options[0].id
        if row.hasDust {
            try await desk.receive(desk.transfer(Amount(asset: desk.coin.id, units: 1), for: option, number: 2))
        }
        desk.clock.advance(by: .seconds(row.paidAfter))
        let recorded = try await desk.receive(desk.transfer(try desk.amount(row.amount), for: option))
        guard case .payment(let payment, let classification) = recorded else { throw Desk.Crash() }
        #expect(classification == row.classification)
        let stored = try #require(try await desk.settlement.database.read { try $0.payment(payment) })
        let quote = try #require(stored.quote)
        #expect(stored.occurredAt <= quote.validUntil.advanced(by: PaymentOption.quoteGrace))
        if row.classification != .partial {
            let request = RefundRequest(payment: payment, measure: .originalRate(nil), reason: nil)
            let refund = try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
            #expect(try desk.coin.text(refund.amount) == row.amount)
        }
        #expect(try await desk.booksHold())
    }

    @Test("are renewed while something is left to pay, until the invoice ends, and a limited number of times")
    func kept() async throws {
        let (desk, opened) = try await desk(on: .sqlite)
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("0.75"), for: option))
        desk.clock.advance(by: .seconds(100))
        let renewed = try await desk.settlement.renewQuotes(of: Self.invoice)
        #expect(try desk.coin.text(renewed.options[0].due) == "2")
        // The paid half stays a half.
        let rest = desk.transfer(try desk.amount("1"), for: option, number: 2, late: .seconds(200))
        guard case .payment(_, .exact) = try await desk.receive(rest) else {
            Issue.record("the other half is not due")
            return
        }
        desk.clock.advance(by: .seconds(100))
        #expect(try await desk.settlement.renewQuotes(of: Self.invoice).options == renewed.options)

        let (late, _) = try await self.desk(on: .sqlite)
        late.clock.advance(by: .seconds(3_601))
        #expect(try await late.settlement.renewQuotes(of: Self.invoice).options[0].renewals == 0)

        let (other, _) = try await self.desk(on: .sqlite, lifetime: .seconds(86_400))
        for _ in 0...PaymentOption.renewalLimit {
            other.clock.advance(by: .seconds(61))
            _ = try await other.settlement.renewQuotes(of: Self.invoice)
        }
        let last = try await other.settlement.invoice(Self.invoice, of: other.merchant).options[0]
        #expect(last.renewals == PaymentOption.renewalLimit)
    }

    @Test("keep the settings that the option was opened with", arguments: Engine.allCases)
    func settings(engine: Engine) async throws {
        let desk = try await Desk(on: engine, rates: RisingRate(start: Timestamp(seconds: 1_000_000)))
        let request = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: Amount(asset: .stars, units: Int256(10_000_000_000)),
            choices: [.init(rail: .ton, settings: ["max_tip": "5"])]
        )
        _ = try await desk.settlement.openInvoice(request, for: desk.merchant, id: Self.invoice)
        desk.clock.advance(by: .seconds(100))
        let renewed = try await desk.settlement.renewQuotes(of: Self.invoice).options[0]
        #expect(renewed.renewals == 1 && renewed.settings == ["max_tip": "5"])
        #expect(desk.provider.lastSettings == ["max_tip": "5"], "the renewed option has other settings")
    }

    @Test("are renewed once when many ask for it at the same time")
    func concurrent() async throws {
        let (desk, _) = try await desk(on: .sqlite)
        desk.clock.advance(by: .seconds(100))
        let settlement = desk.settlement
        let all = try await withThrowingTaskGroup(of: InvoiceWithOptions.self) { group in
            for _ in 0..<8 { group.addTask { try await settlement.renewQuotes(of: Self.invoice) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(all.map { $0.options[0].renewals }) == [1])
        let past = try await desk.settlement.database.read { try $0.pastQuotes(of: all[0].options[0].id) }
        #expect(try past.map { try desk.coin.text($0.due) } == ["1.5"])
    }
}
