import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// An order for one customer that another paid, unasked, was settled and nobody was told.
@Suite("An order for one customer alone")
struct BoundPayerTests {
    @Test("that another has paid is not settled by it: the money waits with a case", arguments: [false, true])
    func stranger(inStars: Bool) async throws {
        let shop = try await CardShop()
        let option = try await shop.open(1_250, payer: 777, inStars: inStars)
        let pay = CardShop.Pay(option: option, units: 1_250, user: 888, charge: "stranger")
        guard case .refused = try await shop.ask(pay) else {
            Issue.record("another customer may pay")
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

        // The customer can still pay, and a person decides about the other money.
        try await shop.pay(.init(option: option, units: 1_250, charge: "customer"))
        #expect(try await shop.invoice(option).status.state == .settled)
        #expect(try await shop.openCases().map(\.id) == [found.id])
        #expect(try await shop.booksHold())
    }

    @Test("is settled by it when a person assigns the other's money to it, with the shipping that was chosen")
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
