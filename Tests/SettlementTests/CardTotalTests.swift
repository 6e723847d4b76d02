import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Testing

/// Telegram adds shipping and a tip, so that a total is not the price: only those that belong to the order may be paid.
@Suite("The total of a card payment")
struct CardTotalTests {
    /// An order, the chosen way of shipping and the paid total, in smallest units.
    struct Row: CustomStringConvertible {
        let price: Int64
        let tip: Int64?
        let shipping: [String: Int64]?
        let choice: String?
        let total: Int64

        /// The amount due for the choice; nil when the choice is not offered.
        var due: Int64? {
            guard let shipping else { return choice == nil ? price : nil }
            return choice.flatMap { shipping[$0] }.map { price + $0 }
        }
        /// The amount that a payment taken all the same has to cover.
        var least: Int64 { due ?? price + (shipping?.values.min() ?? 0) }
        var isAllowed: Bool { due.map { ($0...($0 + (tip ?? 0))).contains(total) } ?? false }
        var surplus: Int64 { max(0, total - least - (tip ?? 0)) }
        var isCovered: Bool { total >= least }

        var settings: Labels {
            var settings = Labels()
            if let tip { settings["max_tip_amount"] = "\(tip)" }
            if shipping != nil { settings["is_flexible"] = "true" }
            return settings
        }

        var description: String {
            "price \(price), tip \(tip ?? 0), shipping \(shipping ?? [:]), choice \(choice ?? "none"), total \(total)"
        }
    }

    static let ways: [String: Int64] = ["a": 350, "b": 700]

    /// Each order with each choice, and totals around every limit.
    static let rows: [Row] = {
        var rows: [Row] = []
        for price: Int64 in [1_250, 1_234] {
            for tip: Int64? in [nil, 0, 500] {
                for shipping in [nil, ways] {
                    for choice in [nil, "a", "b", "zz", ""] where choice != "" || price == 1_250 {
                        let word = choice == "" ? nil : choice
                        func row(_ total: Int64) -> Row {
                            Row(price: price, tip: tip, shipping: shipping, choice: word, total: total)
                        }
                        let least = row(0).least
                        var edges: Set<Int64> = [1, price - 1, price, price + 350, price + 700, price * 100]
                        for edge in [least, least + (tip ?? 0)] { edges.formUnion([edge - 1, edge, edge + 1]) }
                        rows += edges.sorted().map(row)
                    }
                }
            }
        }
        return rows
    }()

    static let currencies: [(code: String, scale: Int)] = [("JPY", 0), ("EUR", 2), ("KWD", 3)]

    @Test(
        "is price, chosen way of shipping and a tip within its limit; a surplus or an uncovered rest opens a case",
        arguments: currencies
    )
    func table(code: String, scale: Int) async throws {
        let shop = try await CardShop(code, scale: scale, shipping: Self.ways)
        var (surplus, earned): ([PaymentID: Int64], Int64) = ([:], 0)
        var parts: Set<PaymentID> = []
        for (number, row) in Self.rows.enumerated() {
            let option = try await shop.open(row.price, row.settings)
            let pay = CardShop.Pay(
                option: option,
                units: row.total,
                shipping: row.choice,
                charge: "charge-\(number)"
            )
            #expect(try await (shop.ask(pay) == .approved) == row.isAllowed, "\(row)")
            try await shop.pay(pay)
            let (payment, invoice) = (try await shop.payment(option), try await shop.invoice(option))
            #expect(payment.amount == shop.money(row.total), "\(row)")
            #expect(invoice.status.state == (row.isCovered ? .settled : .processing), "\(row)")
            #expect(invoice.status.exception == (row.isCovered ? row.surplus > 0 ? .paidOver : .none : .paidPartial))
            #expect(payment.classification == (row.isCovered ? row.surplus > 0 ? .over : .exact : .partial), "\(row)")
            if row.surplus > 0 { surplus[payment.id] = row.surplus }
            if row.isCovered { earned += row.total - row.surplus } else { parts.insert(payment.id) }
        }
        let cases = try await shop.openCases()
        #expect(cases.allSatisfy { $0.reason == .overpaid })
        #expect(cases.count == surplus.count)
        for found in cases { #expect(found.amount == found.payment.flatMap { surplus[$0] }.map(shop.money)) }
        #expect(try await shop.earned() == shop.money(earned))
        // A payment that does not cover its order opens a case when the invoice ends.
        shop.desk.clock.advance(by: .seconds(7_200))
        while try await !shop.settlement.expireInvoices().isEmpty {}
        let short = try await shop.openCases().filter { $0.reason == .underpaid }
        #expect(Set(short.compactMap(\.payment)) == parts)
        #expect(try await shop.booksHold())
    }

    @Test("earns price and shipping once when the order is paid in part, and then in full")
    func twice() async throws {
        let shop = try await CardShop(shipping: Self.ways)
        let option = try await shop.open(1_250, ["is_flexible": "true"])
        try await shop.pay(.init(option: option, units: 1_250, shipping: "b", charge: "first"))
        #expect(try await shop.invoice(option).status.state == .processing)
        try await shop.pay(.init(option: option, units: 1_950, shipping: "b", charge: "second"))
        #expect(try await shop.invoice(option).status.state == .settled)
        let over = try await shop.onlyCase()
        #expect(over.reason == .overpaid)
        // A part counts for its share of the price, rounded down, so that the rest may be a unit more.
        let surplus = try #require(over.amount)
        #expect(surplus == shop.money(1_249) || surplus == shop.money(1_250))
        #expect(try await shop.earned().adding(surplus) == shop.money(3_200))
        #expect(try await shop.booksHold())
    }

    @Test("offers ways of shipping only for an order whose price is flexible", arguments: [true, false])
    func offered(isFlexible: Bool) async throws {
        let shop = try await CardShop(shipping: Self.ways)
        let option = try await shop.open(1_250, isFlexible ? ["is_flexible": "true"] : [:])
        let question = ApprovalRequest(
            id: "q",
            reference: option.reference,
            payer: "777",
            topic: .shipping(address: "{}")
        )
        let decision = await shop.settlement.decide(question, of: shop.cards)
        if case .refused = decision { #expect(!isFlexible) } else { #expect(isFlexible) }
    }
}
