import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// Another customer may pay without the gateway's approval: the invoice must not be settled by that.
@Suite("An order with a payer")
struct BoundPayerTests {
    @Test("is not settled by another customer's payment: that opens a case", arguments: [false, true])
    func stranger(inStars: Bool) async throws {
        let shop = try await CardShop()
        let option = try await shop.open(1_250, payer: 777, inStars: inStars)
        let pay = CardShop.Pay(option: option, units: 1_250, user: 888, charge: "stranger")
        guard case .refused = try await shop.ask(pay) else {
            Issue.record("another customer was approved")
            return
        }
        try await shop.pay(pay)
        #expect(try await shop.pay(pay) == .repetition)
        #expect(try await shop.invoice(option).status.state == .new)
        let found = try await shop.onlyCase()
        let id = try #require(found.payment)
        let payment = try #require(try await shop.settlement.database.read { try $0.payment(id) })
        #expect(payment.classification == .unmatched && payment.payer == "888")
        #expect(found.reason == .unmatched && found.merchant == nil && found.amount == payment.amount)
        for name in ["777", "888", option.invoice.text] { #expect(found.detail?.contains(name) == true) }
        #expect(try await shop.booksHold())

        // The payer can still pay, and a person decides about the other payment.
        try await shop.pay(.init(option: option, units: 1_250, charge: "customer"))
        #expect(try await shop.invoice(option).status.state == .settled)
        #expect(try await shop.openCases().map(\.id) == [found.id])
        #expect(try await shop.booksHold())
    }

    @Test("is settled when a person assigns another customer's payment to it, with the chosen way of shipping")
    func accepted() async throws {
        let shop = try await CardShop(shipping: ["a": 350, "b": 700])
        let option = try await shop.open(1_250, ["is_flexible": "true"], payer: 777)
        try await shop.pay(.init(option: option, units: 1_950, shipping: "b", user: 888))
        let found = try await shop.onlyCase()
        let request = CaseRequest(found.id, .assign(option.invoice), note: "a friend has paid")
        #expect(try await shop.settlement.resolveCase(request, by: shop.settlement.operatorMerchant).state == .resolved)
        #expect(try await shop.invoice(option).status.state == .settled)
        #expect(try await shop.openCases().isEmpty)
        #expect(try await shop.earned() == shop.money(1_950))
        #expect(try await shop.booksHold())
    }
}
