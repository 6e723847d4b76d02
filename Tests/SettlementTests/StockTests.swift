import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The stock of a payment link")
struct StockTests {
    /// A link, and the invoices that visitors have opened with it.
    private struct Sale {
        let desk: Desk
        let link: PaymentLinkID
        var opened: [InvoiceWithOptions] = []
        var payments = 0

        init(stock: Int, on engine: Engine) async throws {
            desk = try await Desk(on: engine)
            let request = LinkRequest(invoice: try Self.order(desk), template: "{}", stock: stock)
            link = try await desk.settlement.makeLink(request, for: desk.merchant, id: PaymentLinkID(value: 1)).id
        }

        static func order(_ desk: Desk) throws -> InvoiceRequest {
            InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: try desk.amount("1.5"),
                lifetime: .seconds(600)
            )
        }

        mutating func open() async throws {
            var order = try Self.order(desk)
            order.paymentLink = link
            let id = InvoiceID(value: UInt128(opened.count + 1))
            opened.append(try await desk.settlement.openInvoice(order, for: desk.merchant, id: id))
        }

        /// Pays a visitor's invoice in any state, and returns the payment's classification.
        mutating func pay(_ number: Int, _ amount: String) async throws -> Payment.Classification? {
            payments += 1
            let transfer = desk.transfer(
                try desk.amount(amount),
                for: opened[number].options[0].id,
                number: payments,
                payer: "visitor \(number)"
            )
            guard case .payment(_, let classification) = try await desk.receive(transfer) else { return nil }
            return classification
        }

        func states() async throws -> [InvoiceStateMachine.State] {
            let ids = opened.map(\.invoice.id)
            return try await desk.settlement.database.read { session in
                try ids.compactMap { try session.invoice($0)?.status.state }
            }
        }
    }

    @Test("makes a payment late when its invoice ended because the link was sold out", arguments: Engine.allCases)
    func afterTheEnd(engine: Engine) async throws {
        var sale = try await Sale(stock: 1, on: engine)
        for _ in 0..<3 { try await sale.open() }
        #expect(try await sale.pay(0, "1.5") == .exact)
        #expect(try await sale.desk.settlement.endInvoicesOfSoldLinks() == 2)
        #expect(try await sale.states() == [.settled, .expired, .expired])
        sale.desk.clock.advance(by: .seconds(15))
        #expect(try await sale.pay(1, "1.5") == .late)
        #expect(try await sale.states() == [.settled, .expired, .expired])
        let cases = try await sale.desk.settlement.database.read { try $0.openCases(of: InvoiceID(value: 2)) }
        #expect(cases.map(\.reason) == [.late])
        #expect(try await sale.desk.held("late_payments") == "1.5")
        #expect(try await sale.desk.booksHold())
    }

    @Test("is held for an hour by a part of at least a tenth of the price, not by less", arguments: Engine.allCases)
    func dust(engine: Engine) async throws {
        var sale = try await Sale(stock: 1, on: engine)
        for _ in 0..<2 { try await sale.open() }
        let (settlement, link) = (sale.desk.settlement, sale.link)
        func taken() async throws -> Int {
            try await settlement.database.read { try settlement.taken(of: link, in: $0) }
        }
        #expect(try await sale.pay(0, "0.149999999") == .partial)
        #expect(try await taken() == 0)
        #expect(try await sale.pay(1, "0.15") == .partial)
        #expect(try await taken() == 1)
        sale.desk.clock.advance(by: .seconds(3_601))
        #expect(try await taken() == 0)
    }

    @Test("is never exceeded, whatever is paid in any order", arguments: Engine.allCases, 1...4)
    func law(engine: Engine, seed: Int) async throws {
        var random = SeededRandom(seed: UInt64(seed))
        let stock = Int.random(in: 1...3, using: &random)
        var sale = try await Sale(stock: stock, on: engine)
        for _ in 0..<6 { try await sale.open() }
        for _ in 0..<40 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: try await sale.desk.settlement.endInvoicesOfSoldLinks()
            case 1: sale.desk.clock.advance(by: .seconds(10))
            default:
                let amount = ["1.5", "0.75", "2"].randomElement(using: &random) ?? "1.5"
                _ = try await sale.pay(Int.random(in: 0..<6, using: &random), amount)
            }
            let settled = try await sale.states().count { $0 == .settled }
            #expect(settled <= stock, "seed \(seed): \(settled) of \(stock) were sold")
        }
        #expect(try await sale.desk.booksHold(), "seed \(seed)")
    }
}
