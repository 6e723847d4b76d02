import BigInt
import DatabaseEngines
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

@Suite("A rail that cannot be opened, on each engine")
struct UnavailableRailTests {
    /// Two rails: one that takes everything, and one that refuses on demand.
    private struct Shop {
        let good: RefusedOrderTests.Rail
        let bad: RefusedOrderTests.Rail
        let settlement: Settlement
        let merchant = MerchantID(value: 7)
        let coin: AssetID

        init(on engine: Engine) async throws {
            coin = try AssetID("ton:testnet:native")
            good = RefusedOrderTests.Rail(.ton, [coin], key: "good")
            bad = RefusedOrderTests.Rail(.telegramFiat, [coin], key: "bad")
            settlement = try await RefusedOrderTests.settlement([bad, good], on: engine, selling: coin, to: merchant)
        }

        func open(_ choices: [InvoiceRequest.Choice], id: InvoiceID) async throws -> InvoiceWithOptions {
            let request = InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: Amount(asset: coin, units: 5),
                choices: choices
            )
            return try await settlement.openInvoice(request, for: merchant, id: id)
        }
    }

    @Test(
        "is named with its reason in the answer, later readings and the event; the others are offered",
        arguments: [RefusedOrderTests.Refusal.check(.invalidRequest), .open(.unavailable), .open(.refused)],
        Engine.allCases
    )
    func named(refusal: RefusedOrderTests.Refusal, engine: Engine) async throws {
        let shop = try await Shop(on: engine)
        shop.bad.refusal.withLock { $0 = refusal }
        let code = refusal == .open(.unavailable) ? "unavailable" : "invalid_request"
        for (number, choices) in [[], [InvoiceRequest.Choice(rail: .telegramFiat), .init(rail: .ton)]].enumerated() {
            let id = InvoiceID(value: UInt128(number + 1))
            let opened = try await shop.open(choices, id: id)
            #expect(opened.options.map(\.rail) == [.ton])
            #expect(opened.invoice.unavailableRails.map(\.rail) == [.telegramFiat])
            #expect(opened.invoice.unavailableRails.map(\.code) == [code])
            #expect(opened.invoice.unavailableRails.allSatisfy { !$0.reason.isEmpty })
            let merchant = shop.merchant
            #expect(try await shop.settlement.invoice(id, of: merchant) == opened)
            #expect(try await shop.open(choices, id: id) == opened, "a repeated request")
            let event = try await shop.settlement.database.read { session in
                try session.events(of: merchant, in: Page(limit: 10)).first
            }
            #expect(event?.body.contains("\"unavailable_rails\":[{\"rail\":\"telegram_fiat\"") == true)
            #expect(event?.body.contains("\"options\":[{") == true)
        }
    }

    @Test(
        "is refused with the whole request when one of its settings is wrong",
        arguments: Engine.allCases
    )
    func setting(engine: Engine) async throws {
        let shop = try await Shop(on: engine)
        let choices = [
            InvoiceRequest.Choice(rail: .ton), InvoiceRequest.Choice(rail: .telegramFiat, settings: ["color": "red"]),
        ]
        do {
            _ = try await shop.open(choices, id: InvoiceID(value: 1))
            Issue.record("an unknown setting was taken")
        } catch let error as SettlementError {
            #expect(error.code == .invalidRequest && error.parameter == "rails[1].settings.color")
        }
    }

    @Test("refuses a link that names it", arguments: Engine.allCases)
    func link(engine: Engine) async throws {
        let shop = try await Shop(on: engine)
        shop.bad.refusal.withLock { $0 = .check(.invalidRequest) }
        let order = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: Amount(asset: shop.coin, units: 5),
            choices: [.init(rail: .ton), .init(rail: .telegramFiat)]
        )
        let request = LinkRequest(invoice: order, template: "{}", stock: 1)
        await #expect(throws: SettlementError(.invalidRequest, "")) {
            try await shop.settlement.makeLink(request, for: shop.merchant, id: PaymentLinkID(value: 1))
        }
    }
}
