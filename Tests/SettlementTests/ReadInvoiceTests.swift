import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Testing

@Suite("The cached text of an invoice, on each engine")
struct ReadInvoiceTests {
    private static let id = InvoiceID(value: 1)

    /// A rate that changes each second.
    private struct MovingRate: RateSource {
        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            let price = "0.\(100 + now.seconds % 800)"
            guard let rate = try? Rate(base: base, quote: quote, price: price, source: "test", observedAt: now) else {
                throw MoneyError(.noRate, "none")
            }
            return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
        }
    }

    /// Events of an invoice, in order.
    private static let happenings: [(name: String, body: @Sendable (Desk) async throws -> Void)] = [
        ("nothing", { _ in }),
        ("its quote ends", { $0.clock.advance(by: .seconds(100)) }),
        ("its quote is renewed", { _ = try await $0.settlement.renewQuotes(of: id) }),
        (
            "its quote is renewed again",
            { desk in
                desk.clock.advance(by: .seconds(100))
                _ = try await desk.settlement.renewQuotes(of: id)
            }
        ),
        ("something is seen", { try await see(1, on: $0) }),
        ("it is confirmed once more", { try await see(2, on: $0) }),
        (
            "it is gone",
            { desk in
                try await desk.settlement.database.write { session in
                    try session.removeSighting(NaturalKey("test", "seen"), provider: desk.provider.key)
                }
            }
        ),
        ("a part is paid", { try await pay("0.01", number: 1, on: $0) }),
        ("the rest is paid", { try await pay("50", number: 2, on: $0) }),
        ("it is paid again", { try await pay("1", number: 3, on: $0) }),
        ("the gateway finds out where it is", { $0.settlement.address.become("https://pay.example") }),
    ]

    private static func option(_ desk: Desk) async throws -> PaymentOption {
        try #require(try await desk.settlement.database.read { try $0.options(of: id) }.first)
    }

    private static func see(_ confirmations: Int, on desk: Desk) async throws {
        let option = try await option(desk)
        let sighting = StoredSighting(
            naturalKey: NaturalKey("test", "seen"),
            option: option.id,
            invoice: id,
            amount: option.due,
            payer: "payer",
            confirmations: confirmations,
            required: 3,
            occurredAt: desk.clock.now()
        )
        try await desk.settlement.database.write {
            try $0.store(sighting, of: desk.merchant, provider: desk.provider.key)
        }
    }

    private static func pay(_ amount: String, number: Int, on desk: Desk) async throws {
        let option = try await option(desk)
        try await desk.receive(desk.transfer(try desk.amount(amount), for: option.id, number: number))
    }

    @Test("equals the stored invoice, whatever happened since it was last read", arguments: Engine.allCases)
    func fresh(engine: Engine) async throws {
        let desk = try await Desk(on: engine, rates: MovingRate())
        let request = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: Amount(asset: .stars, units: Int256(10_000_000_000)),
            lifetime: .seconds(3_600)
        )
        _ = try await desk.settlement.openInvoice(request, for: desk.merchant, id: Self.id)
        var texts: Set<[UInt8]> = []
        for happening in Self.happenings {
            try await happening.body(desk)
            let settlement = desk.settlement
            let stored = try await settlement.invoice(Self.id, of: desk.merchant)
            let expected = try settlement.representation.json(stored).bytes
            for _ in 1...2 {
                let text = try await settlement.invoiceText(Self.id, of: desk.merchant)
                #expect(text == expected, "after \(happening.name)")
            }
            texts.insert(expected)
        }
        // Each event changes the text, except the first, the end of the quote, and a sighting that is gone.
        #expect(texts.count >= Self.happenings.count - 4)
    }

    @Test("is not found by another merchant", arguments: Engine.allCases)
    func others(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        _ = try await desk.openInvoice(id: Self.id)
        _ = try await desk.settlement.invoiceText(Self.id, of: desk.merchant)
        for (id, merchant) in [(Self.id, MerchantID(value: 99)), (InvoiceID(value: 5), desk.merchant)] {
            await #expect { try await desk.settlement.invoiceText(id, of: merchant) } throws: { error in
                (error as? SettlementError)?.code == .notFound
            }
        }
    }
}
