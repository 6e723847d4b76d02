import CommandParts
import DatabaseEngines
import FixtureTON
import Gateway
import Payments
import Providers
import Reconciliation
import Sandbox
import Scenarios
import Seams
import Settlement
import Storage
import StrictJSON
import Testing

@Suite("Payouts from a TON wallet", .serialized)
struct PayoutBlocksTests {
    /// How many payouts have not ended.
    private static func open(in world: ScenarioWorld) async throws -> Int {
        try await world.gateway.settlement.database.read { session in
            try session.outgoing(in: [.awaitingPayment, .inProgress, .unknown], dueAt: .distantFuture, limit: 1_000)
                .count
        }
    }

    @Test(
        "leave when they are asked for, a hundred within four blocks, with a day between two polls",
        .timeLimit(.minutes(5)),
        arguments: Engine.allCases
    )
    func blocks(engine: Engine) async throws {
        let database = engine == .postgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: database) { world in
            let coin = "ton:testnet:native"
            let invoice = try await world.merchant.post(
                "/v1/invoices",
                [
                    "title": "Tea", "description": "Tea", "goods": "physical", "amount": "20", "asset": .string(coin),
                    "rails": [["rail": "ton", "asset": .string(coin)]],
                ],
                idempotencyKey: "funds"
            )
            _ = try await world.pay(try #require(invoice["options"]?.arrayValue?.first), by: "alice")
            try await world.settle()
            let (worker, ton) = (world.gateway.worker, world.networks.ton)
            let destination = "\(try ton.customer("supplier").address)"
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await worker.run(every: .seconds(86_400), at: AsyncStream { _ in }) }
                defer { group.cancelAll() }
                #expect(try await world.waitUntil { world.duty("outgoing of ton-testnet")?.lastSuccess != nil })
                for number in 0..<100 {
                    try await world.merchant.post(
                        "/v1/payouts",
                        ["amount": "0.1", "asset": .string(coin), "destination": .string(destination)],
                        idempotencyKey: "payout-\(number)"
                    )
                }
                var blocks = 0
                while try await Self.open(in: world) > 0, blocks < 5 {
                    let goesOn = try await world.waitUntil {
                        if ton.waitingRequests > 0 { return true }
                        return try await Self.open(in: world) == 0
                    }
                    #expect(goesOn, "nothing has left after \(blocks) blocks")
                    guard goesOn, ton.waitingRequests > 0 else { break }
                    try ton.mine(1)
                    blocks += 1
                }
                #expect(try await Self.open(in: world) == 0)
                #expect(blocks <= 4)
            }
            try await world.settle()
            #expect(try await world.findings().isEmpty)
        }
    }
}
