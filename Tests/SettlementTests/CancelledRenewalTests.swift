import Money
import Payments
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// A renewal that was paid before a cancellation and reported after it must not make the subscription active again.
@Suite("A renewal that is reported after a cancellation")
struct CancelledRenewalTests {
    /// The time of the payment in seconds after the cancellation, whether the subscription had ended by the report, the
    /// resulting state.
    static let rows: [(paid: Int64, isOver: Bool, state: SubscriptionStatus.State)] = [
        (-60, false, .canceled), (60, false, .active), (-60, true, .canceled), (60, true, .active),
    ]

    @Test(
        "extends the paid time, and restores the subscription only when it was paid after the cancellation",
        arguments: rows
    )
    func renewal(paid: Int64, isOver: Bool, state: SubscriptionStatus.State) async throws {
        let shop = try await CardShop()
        let star = try #require(shop.settlement.assets.asset(.stars))
        let id: SubscriptionID = shop.settlement.identifiers.next()
        let request = SubscriptionRequest(title: "Tea", summary: "Tea", price: try star.amount(wireUnits: 100))
        let opened = try await shop.settlement.openSubscription(request, for: shop.desk.merchant, id: id)
        let option = try #require(opened.first.options.first)
        let period = Subscription.period
        let begun = shop.desk.clock.now()
        var pay = CardShop.Pay(option: option, units: 100, charge: "first", paidUntil: begun.advanced(by: period))
        try await shop.pay(pay)
        shop.desk.clock.advance(by: .seconds(100))
        let wish = RenewalRequest(id, of: shop.desk.merchant, isRenewed: false)
        #expect(try await shop.settlement.setRenewal(wish).subscription.status.state == .canceled)
        let cancelled = shop.desk.clock.now()
        shop.desk.clock.advance(by: isOver ? period + .seconds(3_600) : .seconds(100))
        if isOver { #expect(try await shop.settlement.endSubscriptions() == 1) }
        pay.charge = "second"
        pay.date = cancelled.advanced(by: .seconds(paid))
        pay.paidUntil = begun.advanced(by: .seconds(2 * 30 * 86_400))
        try await shop.pay(pay)
        let status = try await shop.settlement.subscription(id, of: shop.desk.merchant).subscription.status
        #expect(status.state == state)
        #expect(status.periodEnd == pay.paidUntil)
        #expect(status.endedAt == nil)
        #expect(try await shop.openCases().isEmpty)
    }

    @Test("with an impossible end date counts for one period", arguments: [300_000_000_000, 1] as [Int64])
    func impossibleEnd(seconds: Int64) async throws {
        let shop = try await CardShop()
        let star = try #require(shop.settlement.assets.asset(.stars))
        let id: SubscriptionID = shop.settlement.identifiers.next()
        let request = SubscriptionRequest(title: "Tea", summary: "Tea", price: try star.amount(wireUnits: 100))
        let opened = try await shop.settlement.openSubscription(request, for: shop.desk.merchant, id: id)
        let option = try #require(opened.first.options.first)
        let end = Timestamp(seconds: seconds)
        try await shop.pay(CardShop.Pay(option: option, units: 100, charge: "first", paidUntil: end))
        let status = try await shop.settlement.subscription(id, of: shop.desk.merchant).subscription.status
        #expect(status.periodEnd == shop.desk.clock.now().advanced(by: Subscription.period))
    }
}
