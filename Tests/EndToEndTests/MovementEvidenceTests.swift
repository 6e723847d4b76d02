import CommandParts
import DatabaseEngines
import Gateway
import MerchantAPI
import Operations
import Sandbox
import Scenarios
import Settlement
import Storage
import StrictJSON
import Testing

@Suite("A case about money that left without a transfer of ours", .serialized)
struct MovementEvidenceTests {
    /// A chain, its coin as scenarios call it, and the provider over it.
    struct Place: Sendable, CustomTestStringConvertible {
        let coin: String
        let provider: String
        let network: String
        let engine: Engine
        var testDescription: String { "\(provider) \(engine)" }
    }

    private static let places = Engine.allCases.flatMap { engine in
        [
            Place(coin: "ton:testnet:native", provider: "ton-testnet", network: "testnet", engine: engine),
            Place(coin: "evm:sandbox:native", provider: "evm-sandbox", network: "31337", engine: engine),
        ]
    }

    private static func movements(_ desk: MerchantClient, _ path: String = "/v1/cases") async throws -> [JSONValue] {
        let cases = try await desk.get(path)["data"]?.arrayValue ?? []
        return cases.compactMap { $0["movement"] }.filter { !$0.isNull }
    }

    @Test(
        "names the movement to the operator and in the report, also after the wallet signs again",
        arguments: places
    )
    func foreignSpend(place: Place) async throws {
        let database = place.engine == .postgreSQL ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: database) { world in
            try await world.settle()
            try await world.spendElsewhere(.init(amount: "0.3", asset: place.coin))
            try await world.settle()
            let wallet = try #require(
                try await world.wallets().first { !($0["left"]?.arrayValue ?? []).isEmpty }
            )
            let left = try #require(wallet["left"]?.arrayValue?.first)
            _ = try await world.resume(isRefused: false, of: nil)
            #expect(try await world.wallets().allSatisfy { ($0["left"]?.arrayValue ?? []).isEmpty })

            let desk = world.client(try await world.gateway.merchantAPI.makeOperatorKey())
            let found = try await Self.movements(desk)
            #expect(found.count == 1)
            let movement = try #require(found.first)
            let hash = try #require(movement["hash"]?.stringValue)
            #expect(movement["key"] == left["spend"])
            #expect(movement["key"]?.stringValue?.split(separator: " ").contains { $0 == hash } == true)
            #expect(movement["provider"]?.stringValue == place.provider)
            #expect(movement["network"]?.stringValue == place.network)
            #expect(movement["account"]?.stringValue?.lowercased() == wallet["wallet"]?.stringValue?.lowercased())
            #expect(movement["occurred_at"] == left["occurred_at"])
            let receiver = try #require(movement["receivers"]?.arrayValue?.first)
            #expect(receiver["destination"] == left["destination"])
            #expect(receiver["amount"]?.stringValue == "0.3")
            // The merchant sees nothing about the operator's wallet.
            #expect(try await Self.movements(world.merchant).isEmpty)

            let report = try await world.report()
            #expect(report.text.contains(hash))
            #expect(report.text.contains("to \(left["destination"]?.stringValue ?? "-")"))
            let open = report.json["open_cases"]?.arrayValue?.compactMap { $0["movement"] }.filter { !$0.isNull }
            #expect(open == [movement])

            // An attempt to assign it is refused with what to look for.
            let listed = try await desk.get("/v1/cases")["data"]?.arrayValue ?? []
            let id = try #require(listed.first { $0["movement"] == movement }?["id"]?.stringValue)
            let refusal = try await desk.refusal("/v1/cases/\(id)/resolve", ["action": "refund"], idempotencyKey: "r")
            #expect(refusal?["detail"]?.stringValue?.contains(hash) == true)
            #expect(try await desk.get("/v1/cases/\(id)")["movement"] == movement)
            #expect(try await world.findings().isEmpty)
        }
    }
}
