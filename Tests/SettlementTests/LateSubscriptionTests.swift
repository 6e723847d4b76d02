import Money
import Payments
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// The rail begins a subscription with its first payment, whatever the gateway makes of that payment.
@Suite("A subscription whose first payment came too late")
struct LateSubscriptionTests {
    private struct World {
        let shop: CardShop
        let id: SubscriptionID
        let option: PaymentOption

        init() async throws {
            shop = try await CardShop()
            let star = try #require(shop.settlement.assets.asset(.stars))
            id = shop.settlement.identifiers.next()
            let request = SubscriptionRequest(title: "Tea", summary: "Tea", price: try star.amount(wireUnits: 100))
            let opened = try await shop.settlement.openSubscription(request, for: shop.desk.merchant, id: id)
            option = try #require(opened.first.options.first)
            shop.desk.clock.advance(by: .seconds(3 * 86_400))
            try await shop.settlement.expireInvoices()
            try await shop.pay(CardShop.Pay(option: option, units: 100, charge: "first"))
        }

        func status() async throws -> SubscriptionStatus {
            try await shop.settlement.subscription(id, of: shop.desk.merchant).subscription.status
        }

        func cancel() async throws {
            let wish = RenewalRequest(id, of: shop.desk.merchant, isRenewed: false)
            _ = try await shop.settlement.setRenewal(wish)
        }
    }

    @Test("can be cancelled at the rail, which goes on taking payments", arguments: [false, true])
    func cancel(hasEnded: Bool) async throws {
        let world = try await World()
        if hasEnded { #expect(try await world.shop.settlement.endSubscriptions() == 1) }
        #expect(try await world.status().state == (hasEnded ? .ended : .incomplete))
        try await world.cancel()
        #expect(try await world.status().canceledAt == world.shop.desk.clock.now())
        // The payment from before the cancellation begins it, and does not revoke the cancellation.
        let late = try #require(try await world.shop.openCases().first)
        let decision = CaseRequest(late.id, .accept(settlesInvoice: nil))
        _ = try await world.shop.settlement.resolveCase(decision, by: world.shop.desk.merchant)
        #expect(try await world.status().state == .canceled)
    }

    @Test("begins when the merchant accepts the payment, and can be cancelled then", arguments: [false, true])
    func accept(hasEnded: Bool) async throws {
        let world = try await World()
        if hasEnded { _ = try await world.shop.settlement.endSubscriptions() }
        let late = try #require(try await world.shop.openCases().first)
        #expect(late.reason == .late)
        let decision = CaseRequest(late.id, .accept(settlesInvoice: nil))
        _ = try await world.shop.settlement.resolveCase(decision, by: world.shop.desk.merchant)
        let begun = try await world.status()
        #expect(begun.state == .active)
        #expect(begun.charge != nil)
        #expect(begun.periodEnd == world.shop.desk.clock.now().advanced(by: Subscription.period))
        try await world.cancel()
        #expect(try await world.status().state == .canceled)
    }
}
