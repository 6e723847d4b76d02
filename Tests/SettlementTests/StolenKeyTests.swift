import DatabaseEngines
import Money
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

/// A merchant whose key somebody has stolen, with every right that a key has.
private struct RobbedMerchant {
    static let stolen = APIKeyID(value: 100)
    static let owners = APIKeyID(value: 101)
    static let limit = "0.3"

    let desk: Desk
    private let random: SeededRandom

    func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// A merchant with money, rules, two keys and one listed destination.
    init(_ engine: Engine, seed: UInt64) async throws {
        desk = try await Desk(on: engine)
        random = SeededRandom(seed: seed)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        try await addKey(Self.stolen)
        try await addKey(Self.owners)
        _ = try await list("mine", .any, by: Self.owners, as: 1)
        _ = try await desk.settlement.changePayoutPolicy(
            PayoutPolicyChange(to: try policy(true, hours: 24), of: desk.merchant, by: Self.owners)
        )
        desk.clock.advance(by: .seconds(25 * 3_600))
    }

    func policy(_ listedOnly: Bool, hours: Int64, limit: String = Self.limit) throws -> PayoutPolicy {
        PayoutPolicy(
            listedDestinationsOnly: listedOnly,
            delay: .seconds(hours * 3_600),
            dailyLimits: [desk.coin.id: try desk.amount(limit)]
        )
    }

    func addKey(_ id: APIKeyID) async throws {
        let record = APIKeyRecord(
            id: id,
            merchant: desk.merchant,
            digest: id.bytes,
            label: "k",
            version: "2026-11-26",
            createdAt: desk.clock.now()
        )
        try await desk.settlement.database.write { try $0.insert(record) }
    }

    func list(
        _ address: String,
        _ comments: PayoutDestination.Comments,
        by key: APIKeyID,
        as number: UInt128
    ) async throws -> PayoutDestination {
        let wish = DestinationRequest(
            address,
            for: desk.coin.id,
            comments: comments,
            label: "l",
            of: desk.merchant,
            by: key
        )
        return try await desk.settlement.list(wish, as: PayoutDestinationID(value: number))
    }

    func payOut(
        _ amount: String,
        to address: String,
        by key: APIKeyID,
        as number: UInt128
    ) async throws
        -> OutgoingTransfer
    {
        let wish = PayoutRequest(
            amount: try desk.amount(amount),
            destination: address,
            comment: nil,
            needsApproval: false,
            by: key
        )
        return try await desk.settlement.requestPayout(wish, by: desk.merchant, id: PayoutID(value: number))
    }

    func approve(_ payout: UInt128, by key: APIKeyID) async throws {
        _ = try await desk.settlement.decide(
            PayoutDecision(PayoutID(value: payout), of: desk.merchant, by: key, approves: true)
        )
    }

}

@Suite("A stolen key")
struct StolenKeyTests {
    @Test(
        "pays nothing to an unlisted destination, and no more than the daily limit, within the delay of the rules",
        arguments: Engine.allCases,
        0..<8 as Range<UInt64>
    )
    func stolenKey(engine: Engine, seed: UInt64) async throws {
        let world = try await RobbedMerchant(engine, seed: seed)
        let (desk, below) = (world.desk, world.below)
        let end = desk.clock.now().advanced(by: .seconds(24 * 3_600))
        var keys = [RobbedMerchant.stolen]
        for number in 0..<40 as Range<UInt128> {
            desk.clock.advance(by: .seconds(Int64(below(2_000))))
            guard desk.clock.now() < end else { break }
            let key = keys[below(keys.count)]
            // Whatever is refused is tried in another way.
            do {
                switch below(6) {
                case 0:
                    let id = APIKeyID(value: 200 + number)
                    try await world.addKey(id)
                    keys.append(id)
                case 1: _ = try await world.list("thief", .any, by: key, as: 100 + number)
                case 2:
                    let new = try world.policy(below(2) == 0, hours: Int64(below(3)) * 12, limit: "1")
                    let change = PayoutPolicyChange(to: new, of: desk.merchant, by: key)
                    _ = try await desk.settlement.changePayoutPolicy(change)
                case 3: try await world.approve(300 + UInt128(below(Int(number) + 1)), by: key)
                default:
                    let address = below(3) == 0 ? "mine" : "thief"
                    _ = try await world.payOut("0.\(1 + below(2))", to: address, by: key, as: 300 + number)
                }
            } catch is SettlementError {}
        }
        let payouts = try await desk.settlement.database.read { session in
            try (300..<340).compactMap { try session.outgoing(PayoutID(value: UInt128($0)).text) }
        }
        let leaving = payouts.filter { $0.status.state != .awaitingApproval && $0.status.state != .cancelled }
        #expect(leaving.allSatisfy { $0.destination == "mine" }, "seed \(seed)")
        let total = try Amount.sum(leaving.map(\.amount), asset: desk.coin.id)
        #expect(try total.compared(to: desk.amount(RobbedMerchant.limit)) != .greater, "seed \(seed)")
    }

    @Test("is not enough beyond the daily limit; the owner's other key is", arguments: Engine.allCases)
    func otherKey(engine: Engine) async throws {
        let world = try await RobbedMerchant(engine, seed: 1)
        #expect(
            try await world.payOut("0.3", to: "mine", by: RobbedMerchant.owners, as: 1).status.state == .awaitingPayment
        )
        #expect(
            try await world.payOut("0.1", to: "mine", by: RobbedMerchant.owners, as: 2).status.state
                == .awaitingApproval
        )
        let own = await #expect(throws: SettlementError.self) { try await world.approve(2, by: RobbedMerchant.owners) }
        #expect(own?.code == .refusedByPolicy)
        let new = APIKeyID(value: 102)
        try await world.addKey(new)
        let young = await #expect(throws: SettlementError.self) { try await world.approve(2, by: new) }
        #expect(young?.reason.contains("new") == true)
        try await world.approve(2, by: RobbedMerchant.stolen)
        let approval = try await world.desk.settlement.payoutApproval(PayoutID(value: 2), of: world.desk.merchant)
        #expect(approval?.requestedBy == RobbedMerchant.owners && approval?.approvedBy == RobbedMerchant.stolen)
        // What another key has approved takes nothing from the next day's limit.
        world.desk.clock.advance(by: .seconds(86_401))
        #expect(
            try await world.payOut("0.3", to: "mine", by: RobbedMerchant.owners, as: 3).status.state == .awaitingPayment
        )
    }

    @Test("cannot approve what waits once its destination is off the list", arguments: Engine.allCases)
    func removed(engine: Engine) async throws {
        let world = try await RobbedMerchant(engine, seed: 1)
        _ = try await world.payOut("0.5", to: "mine", by: RobbedMerchant.owners, as: 1)
        let id = PayoutDestinationID(value: 1)
        #expect(try await world.desk.settlement.removeDestination(id, of: world.desk.merchant))
        let refusal = await #expect(throws: SettlementError.self) {
            try await world.approve(1, by: RobbedMerchant.stolen)
        }
        #expect(refusal?.code == .destinationRefused)
    }

    @Test("cannot use a listed address of an exchange with a comment of its own", arguments: Engine.allCases)
    func comments(engine: Engine) async throws {
        let world = try await RobbedMerchant(engine, seed: 1)
        _ = try await world.list("exchange", .only("42"), by: RobbedMerchant.owners, as: 2)
        world.desk.clock.advance(by: .seconds(86_401))
        for (number, comment) in [nil, "43", "42"].enumerated() {
            let wish = PayoutRequest(
                amount: try world.desk.amount("0.1"),
                destination: "exchange",
                comment: comment,
                needsApproval: false,
                by: RobbedMerchant.stolen
            )
            let id = PayoutID(value: UInt128(1 + number))
            if comment == "42" {
                _ = try await world.desk.settlement.requestPayout(wish, by: world.desk.merchant, id: id)
            } else {
                let refusal = await #expect(throws: SettlementError.self) {
                    try await world.desk.settlement.requestPayout(wish, by: world.desk.merchant, id: id)
                }
                #expect(refusal?.reason.contains("another comment") == true)
            }
        }
    }
}
