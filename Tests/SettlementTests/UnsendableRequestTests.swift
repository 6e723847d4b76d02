import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("A signed request that no node takes")
struct UnsendableRequestTests {
    /// A payout of a rail that has refused its bytes once.
    private func refused(_ engine: Engine) async throws -> (desk: Desk, payout: String) {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let wish = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(wish, by: desk.merchant, id: PayoutID(value: 1)).purpose.id
        desk.provider.script.withLock { $0.submission = .unsendable(reason: "it is too large") }
        #expect(try await desk.settlement.advance(payout).status.state == .unknown)
        return (desk, payout)
    }

    private func conditions(_ desk: Desk) -> [Conditions.Condition] {
        desk.settlement.conditions.all.filter { $0.name.hasPrefix("request ") }
    }

    @Test(
        "is a condition with its provider and reason, and stays one while it is sent again",
        arguments: Engine.allCases
    )
    func condition(engine: Engine) async throws {
        let (desk, payout) = try await refused(engine)
        for _ in 0..<2 {
            #expect(conditions(desk).map(\.name) == ["request scripted"])
            #expect(conditions(desk).allSatisfy { $0.sentence.contains("it is too large") && $0.severity == .degraded })
            desk.clock.advance(by: .seconds(6))
            try await desk.settlement.advance(payout)
            _ = try await desk.settlement.compareWallets()
        }
        #expect(try await desk.held("payouts_payable") == "1")
    }

    @Test("is none any more once a node takes it", arguments: Engine.allCases)
    func accepted(engine: Engine) async throws {
        let (desk, payout) = try await refused(engine)
        desk.provider.script.withLock { $0.submission = .accepted }
        try await desk.settlement.advance(payout)
        #expect(conditions(desk).isEmpty)
    }

    @Test("is none any more once its transfer has a fate", arguments: Engine.allCases)
    func over(engine: Engine) async throws {
        let (desk, payout) = try await refused(engine)
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil, at: Timestamp(seconds: 1)) }
        #expect(try await desk.settlement.advance(payout).status.state == .failed)
        _ = try await desk.settlement.compareWallets()
        #expect(conditions(desk).isEmpty)
        #expect(try await desk.booksHold())
    }
}
