import Logging
import Money
import Payments
import Providers
import Reconciliation
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

/// Each report that a card payment was returned has to be booked or to open a case.
@Suite("Reports of returned payments")
struct CardRefundTests {
    /// An order that was paid by card.
    private func paid(_ shop: CardShop) async throws -> CardShop.Pay {
        let pay = CardShop.Pay(option: try await shop.open(1_250), units: 1_250)
        try await shop.pay(pay)
        return pay
    }

    private func report(_ units: Int64, by message: Int64, of pay: CardShop.Pay) -> CardShop.Pay {
        var report = pay
        (report.units, report.message) = (units, message)
        return report
    }

    private func amounts(_ shop: CardShop, _ pay: CardShop.Pay) async throws -> [Amount] {
        try await shop.refunds(shop.payment(pay.option)).map(\.amount)
    }

    @Test("are booked one by one, each once; a report of more than the rest of the payment opens a case")
    func reports() async throws {
        let shop = try await CardShop()
        let pay = try await paid(shop)
        for (message, units) in [(10, Int64(300)), (11, 400), (12, 1_250)] {
            let report = report(units, by: Int64(message), of: pay)
            let recorded = try await shop.refund(report)
            #expect(recorded == (units == 1_250 ? .setAside : .booked))
            // Telegram delivers what was not confirmed again.
            #expect(try await shop.refund(report) == .repetition)
        }
        #expect(try await amounts(shop, pay) == [shop.money(300), shop.money(400)])
        #expect(try await shop.earned() == shop.money(550))
        let found = try await shop.onlyCase()
        #expect(found.reason == .unreadable && found.merchant == shop.desk.merchant)
        #expect(found.setAside?.units == "-1250" && found.setAside?.asset == shop.currency.id)
        let payment = try await shop.payment(pay.option)
        #expect(found.setAside?.explanation.contains(payment.id.text) == true)
        #expect(found.setAside?.explanation.contains("5.50") == true)
        #expect(try await shop.booksHold())
    }

    @Test("are booked up to the whole payment without a case, also two equal ones", arguments: [[1_250], [625, 625]])
    func whole(parts: [Int64]) async throws {
        let shop = try await CardShop()
        let pay = try await paid(shop)
        for (number, units) in parts.enumerated() {
            #expect(try await shop.refund(report(units, by: Int64(10 + number), of: pay)) == .booked)
        }
        #expect(try await shop.earned().isZero)
        #expect(try await shop.openCases().isEmpty)
        for (number, units) in parts.enumerated() {
            #expect(try await shop.refund(report(units, by: Int64(10 + number), of: pay)) == .repetition)
        }
        // Any report beyond the whole payment opens a case.
        #expect(try await shop.refund(report(1, by: 20, of: pay)) == .setAside)
        #expect(try await shop.openCases().count == 1)
        #expect(try await shop.booksHold())
    }

    @Test("after a refund recorded by its number: a report that may be the same opens a case, another one is booked")
    func recorded() async throws {
        let shop = try await CardShop()
        let pay = try await paid(shop)
        let payment = try await shop.payment(pay.option)
        let request = RefundRequest(
            payment: payment.id,
            measure: .paid(shop.money(500)),
            reason: nil,
            providerReference: "re_1"
        )
        let refund = try await shop.settlement.requestRefund(
            request,
            by: shop.desk.merchant,
            id: shop.settlement.identifiers.next()
        )
        #expect(try await shop.refund(report(500, by: 10, of: pay)) == .setAside)
        #expect(try await shop.refund(report(200, by: 11, of: pay)) == .booked)
        #expect(try await Set(amounts(shop, pay)) == [shop.money(500), shop.money(200)])
        let found = try await shop.onlyCase()
        #expect(found.setAside?.explanation.contains(refund.purpose.id) == true)
        #expect(try await shop.earned() == shop.money(550))
        #expect(try await shop.booksHold())
    }

    @Test(
        "are the same refund when a merchant records it by number afterwards; another number is another refund",
        arguments: [(nil, 1_250), (1_250, 1_250), (500, 500)] as [(Int64?, Int64)]
    )
    func recordedAfterwards(units: Int64?, reportedUnits: Int64) async throws {
        let shop = try await CardShop()
        let pay = try await paid(shop)
        let payment = try await shop.payment(pay.option)
        func record(_ units: Int64?, _ reference: String) async throws -> OutgoingTransfer {
            try await shop.settlement.requestRefund(
                RefundRequest(
                    payment: payment.id,
                    measure: .paid(units.map(shop.money)),
                    reason: nil,
                    providerReference: reference
                ),
                by: shop.desk.merchant,
                id: shop.settlement.identifiers.next()
            )
        }
        #expect(try await shop.refund(report(reportedUnits, by: 10, of: pay)) == .booked)
        let reported = try #require(try await shop.refunds(payment).first)
        let named = try await record(units, "re_1")
        #expect(named.purpose == reported.purpose)
        #expect(try await shop.refunds(payment).map(\.prepared?.hash) == ["re_1"])
        await #expect(throws: SettlementError(.conflict, "")) { try await record(units, "re_1") }
        // It has its number now: another number is another refund, of the whole rest when it has no amount.
        if reportedUnits == 500 {
            #expect(try await record(500, "re_2").purpose != reported.purpose)
            #expect(try await record(nil, "re_3").amount == shop.money(250))
        } else {
            await #expect(throws: SettlementError.self) { try await record(units, "re_2") }
        }
        #expect(try await shop.earned() == shop.money(0))
        #expect(try await shop.booksHold())
    }

    // MARK: - Unknown payments

    private func worker(_ shop: CardShop) -> ReconciliationWorker {
        ReconciliationWorker(
            settlement: shop.settlement,
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func pending(_ shop: CardShop) async throws -> Int {
        try await shop.settlement.database.read { try $0.inboxDepth() }
    }

    private func push(_ what: String, _ pay: CardShop.Pay, to shop: CardShop, key: String) async throws {
        try await shop.settlement.keep(message: shop.message(what, pay), from: "telegram:shop", key: key)
    }

    @Test("of an unknown card payment wait an hour for it, and then open a case")
    func unknownCard() async throws {
        let shop = try await CardShop()
        let pay = CardShop.Pay(option: try await shop.open(1_250), units: 1_250, charge: "unknown")
        try await push("refunded_payment", pay, to: shop, key: "1")
        for _ in 0..<20 {
            _ = await worker(shop).runOnce()
            shop.desk.clock.advance(by: .seconds(60))
        }
        #expect(try await pending(shop) == 1)
        #expect(try await shop.openCases().isEmpty)
        shop.desk.clock.advance(by: .seconds(3_600))
        #expect(await worker(shop).runOnce().setAside == 1)
        #expect(try await pending(shop) == 0)
        let found = try await shop.onlyCase()
        #expect(found.reason == .unreadable && found.setAside?.units == "-1250")
        #expect(found.setAside?.explanation.contains("not known") == true)
        #expect(try await shop.booksHold())
    }

    @Test("that overtook the payment are booked once it has come")
    func overtaken() async throws {
        let shop = try await CardShop()
        let pay = CardShop.Pay(option: try await shop.open(1_250), units: 1_250)
        try await push("refunded_payment", pay, to: shop, key: "1")
        _ = await worker(shop).runOnce()
        try await push("successful_payment", pay, to: shop, key: "2")
        shop.desk.clock.advance(by: .seconds(60))
        _ = await worker(shop).runOnce()
        shop.desk.clock.advance(by: .seconds(60))
        _ = await worker(shop).runOnce()
        #expect(try await pending(shop) == 0)
        #expect(try await amounts(shop, pay) == [shop.money(1_250)])
        #expect(try await shop.openCases().isEmpty)
    }

    @Test("of Stars wait for as long as the scan of the account may bring the payment")
    func unknownStars() async throws {
        let shop = try await CardShop()
        let pay = CardShop.Pay(option: try await shop.open(50, inStars: true), units: 50, charge: "unknown")
        try await push("refunded_payment", pay, to: shop, key: "1")
        for _ in 0..<6 {
            shop.desk.clock.advance(by: .seconds(3_600))
            _ = await worker(shop).runOnce()
        }
        #expect(try await pending(shop) == 1)
        shop.telegram.hasStarAccount.withLock { $0 = true }
        _ = await worker(shop).runOnce()
        shop.desk.clock.advance(by: .seconds(3_600))
        _ = await worker(shop).runOnce()
        #expect(try await pending(shop) == 0)
        let found = try await shop.openCases().filter { $0.reason == .unreadable }
        #expect(found.count == 1)
        // The account shows no such change, so the report has no difference to explain.
        let aside = try #require(found.first?.setAside)
        #expect(aside.units == nil && aside.asset == .stars && aside.explanation.contains("that 50 was"))
    }
}
