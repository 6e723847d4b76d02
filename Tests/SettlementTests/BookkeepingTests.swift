import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("The accounts that each kind of event touches")
struct BookkeepingTests {
    @Test(
        "the fee of each payment is its share of what was earned, less what no unit divides; the merchant has all the rest",
        arguments: [0, 1, 7, 100, 333, 2_500, 9_999, 10_000]
    )
    func fees(basisPoints: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let desk = try await Desk(feeBasisPoints: basisPoints)
        func amount(_ units: Int) -> Amount { Amount(asset: desk.coin.id, units: Int256(units)) }
        var (fees, earned, surplus, number) = (0, 0, 0, 0)
        for round in 1...30 {
            let price = Int.random(in: 1...Int.random(in: 1...1_000_000_007, using: &random), using: &random)
            let request = InvoiceRequest(title: "Tea", summary: "Tea", goods: .physical, price: amount(price))
            let id = InvoiceID(value: UInt128(round))
            let option = try await desk.settlement.openInvoice(request, for: desk.merchant, id: id).options[0].id
            let first = Int.random(in: 0..<price, using: &random)
            let excess = Bool.random(using: &random) ? Int.random(in: 1...price, using: &random) : 0
            for (units, extra) in [(first, 0), (price - first, excess)] where units > 0 {
                number += 1
                try await desk.receive(desk.transfer(amount(units + extra), for: option, number: number))
                fees += units * basisPoints / 10_000
                earned += units
                surplus += extra
            }
            let what: Comment = "seed \(seed), \(first) and \(price - first) with \(excess) too much"
            #expect(try await desk.held("fee_income") == desk.coin.text(amount(fees)), what)
            #expect(try await desk.held("merchant_balance") == desk.coin.text(amount(earned - fees)), what)
            #expect(try await desk.held("overpayments") == desk.coin.text(amount(surplus)), what)
        }
        #expect(try await desk.booksHold())
    }

    /// The account that has the other side of a movement.
    private static func counterpart(of kind: AccountMovement.Kind) -> String {
        switch kind {
        case .networkFee: "network_fees"
        case .ownFunds: "own_funds"
        case .coldStorage: "cold_storage"
        case .takenBack: "provider_losses"
        case .unexplained: "suspense"
        }
    }

    @Test(
        "a movement at a rail has its other side on the account of its kind, and on no other, whichever way it goes",
        arguments: AccountMovement.Kind.allCases,
        [("0.25", "-0.25"), ("-0.25", "0.25")]
    )
    func movements(kind: AccountMovement.Kind, amounts: (moved: String, other: String)) async throws {
        let desk = try await Desk()
        let movement = AccountMovement(
            naturalKey: NaturalKey("test", "movement"),
            kind: kind,
            amount: try desk.amount(amounts.moved),
            reason: "it moved",
            occurredAt: desk.clock.now()
        )
        #expect(try await desk.settlement.record(.movement(movement), at: desk.provider) == .booked)
        let lines = try await desk.settlement.database.read { try $0.trialBalance().lines }
        var held: [String: String] = [:]
        for line in lines { held[line.account.code.rawValue] = try line.balance.amount.map(desk.coin.text) }
        #expect(held == ["provider_receivable": amounts.moved, Self.counterpart(of: kind): amounts.other])
        #expect(try await desk.booksHold())
    }
}
