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

@Suite("A price in another asset that is paid in parts, on each engine")
struct PartsTests {
    /// The price of a Star in nanotons, of which no part is a multiple.
    private struct OddRate: RateSource {
        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            do {
                let rate = try Rate(
                    base: base,
                    quote: quote,
                    numerator: 40_000_007,
                    denominator: 13,
                    source: "test",
                    observedAt: now
                )
                return Quote(rate: rate, validUntil: now.advanced(by: .seconds(600)))
            } catch { throw MoneyError(.noRate, "\(error)") }
        }
    }

    @Test("is settled by parts that add up to the amount due, however it is divided", arguments: Engine.allCases)
    func settles(engine: Engine) async throws {
        let seed: UInt64 = 31
        let random = SeededRandom(seed: seed)
        let desk = try await Desk(on: engine, rates: OddRate())
        var number = 0
        for round in 1...30 {
            let price = Amount(asset: .stars, units: Int256(Int(random.next() % 200) + 1))
            let request = InvoiceRequest(title: "Tea", summary: "Tea", goods: .physical, price: price)
            let id = InvoiceID(value: UInt128(round))
            let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: id)
            let due = opened.options[0].due
            let units = UInt64(try #require(Int64(exactly: due.units)))
            let cuts = Set((0..<random.next() % 4).map { _ in random.next() % (units - 1) + 1 }).sorted()
            for (from, until) in zip([0] + cuts, cuts + [units]) {
                #expect(try await desk.settlement.invoice(id, of: desk.merchant).invoice.status.state != .settled)
                number += 1
                let part = Amount(asset: due.asset, units: Int256(Int64(until - from)))
                try await desk.receive(desk.transfer(part, for: opened.options[0].id, number: number))
            }
            let status = try await desk.settlement.invoice(id, of: desk.merchant).invoice.status
            #expect(status.state == .settled && status.exception == .none, "seed \(seed), \(price) in \(cuts)")
            let values = try await desk.settlement.database.read { try $0.payments(of: id).compactMap(\.value) }
            #expect(try Amount.sum(values, asset: price.asset) == price)
        }
        let findings = try await desk.settlement.database.read { try desk.settlement.audit(in: $0) }
        #expect(findings.isEmpty, "\(findings.prefix(3))")
    }
}
