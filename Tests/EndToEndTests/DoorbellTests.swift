import CommandParts
import DatabaseEngines
import FixtureTON
import Gateway
import HTTPMessages
import HTTPTransport
import Providers
import Reconciliation
import Routing
import Sandbox
import Scenarios
import Seams
import Settlement
import StrictJSON
import Synchronization
import Testing

@Suite("The stream of news of a node of TON, over real sockets", .serialized)
struct DoorbellTests {
    private static func withWorld(_ engine: Engine, _ body: (ScenarioWorld) async throws -> Void) async throws {
        try await EndToEndTests.withWorld(postgresql: engine == .postgreSQL ? try PostgresServer.newDatabase() : nil) {
            try await body($0)
        }
    }

    private static func open(_ name: String, paidBy asset: String, in world: ScenarioWorld) async throws -> JSONValue {
        let text = world.assetText(asset)
        return try await world.merchant.post(
            "/v1/invoices",
            [
                "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": .string(text),
                "rails": [["rail": "ton", "asset": .string(text)]],
            ],
            idempotencyKey: name
        )
    }

    private static func pay(_ invoice: JSONValue, in world: ScenarioWorld) async throws {
        let option = try #require(invoice["options"]?.arrayValue?.first)
        _ = try await world.pay(option, by: "alice")
        // A jetton takes three messages to arrive.
        try world.mine(4, on: "ton")
    }

    private static func state(of invoice: JSONValue, in world: ScenarioWorld) async throws -> String? {
        let id = try #require(invoice["id"]?.stringValue)
        return try await world.merchant.get("/v1/invoices/\(id)")["state"]?.stringValue
    }

    private static func sightings(of invoice: JSONValue, in world: ScenarioWorld) async throws -> Int {
        let id = try #require(invoice["id"]?.stringValue)
        return try await world.merchant.get("/v1/invoices/\(id)")["sightings"]?.arrayValue?.count ?? 0
    }

    private static func settles(_ invoice: JSONValue, in world: ScenarioWorld) async throws -> Bool {
        try await world.waitUntil { try await state(of: invoice, in: world) == "settled" }
    }

    @Test(
        "has each payment settled with a day between two polls, by a scan of the accounts of which it tells",
        .timeLimit(.minutes(5)),
        arguments: Engine.allCases,
        [false, true]
    )
    func settles(engine: Engine, isDerived: Bool) async throws {
        try await Self.withWorld(engine) { world in
            if isDerived { try await world.setTON { $0.isDerived = true } }
            try await world.settle()
            var invoices: [JSONValue] = []
            for (number, asset) in ["ton:testnet:native", "ton:testnet:jetton:sandbox"].enumerated() {
                invoices.append(try await Self.open("order-\(number)", paidBy: asset, in: world))
            }
            try await world.listening {
                let streams = world.networks.ton.streamCount
                for invoice in invoices {
                    #expect(try await Self.state(of: invoice, in: world) == "new")
                    try await Self.pay(invoice, in: world)
                    #expect(try await Self.settles(invoice, in: world))
                }
                #expect(world.networks.ton.streamCount == streams, "a new stream has begun with a look at everything")
                #expect(world.duty("rung scan of ton-testnet")?.lastSuccess != nil)
            }
            try await world.settle()
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test(
        "loses nothing by a gap: what was missed while the connection was dead is found when the next stream begins",
        .timeLimit(.minutes(5)),
        arguments: Engine.allCases
    )
    func gap(engine: Engine) async throws {
        try await Self.withWorld(engine) { world in
            try await world.settle()
            let missed = try await Self.open("missed", paidBy: "ton:testnet:native", in: world)
            let heard = try await Self.open("heard", paidBy: "ton:testnet:native", in: world)
            try await world.listening {
                // The customer's request and the transfer to the wallet, of which nobody is told.
                try world.networks.control.set("ton", "stream_gap", ["times": .integer(2)])
                let before = world.networks.ton.streamCount
                try await Self.pay(missed, in: world)
                #expect(try await Self.settles(missed, in: world))
                #expect(world.networks.ton.streamCount == before + 1, "the stream has not ended")
                try await Self.pay(heard, in: world)
                #expect(try await Self.settles(heard, in: world))
            }
            try await world.settle()
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test(
        "shows a confirmed payment, and books nothing of it and shows it no longer when its block is discarded",
        .timeLimit(.minutes(5)),
        arguments: Engine.allCases,
        ["ton:testnet:native", "ton:testnet:jetton:sandbox"]
    )
    func invalidated(engine: Engine, asset: String) async throws {
        try await Self.withWorld(engine) { world in
            try await world.settle()
            let lost = try await Self.open("lost", paidBy: asset, in: world)
            let real = try await Self.open("real", paidBy: asset, in: world)
            try await world.listening {
                let option = try #require(lost["options"]?.arrayValue?.first)
                try world.networks.control.set("ton", "unfinal_payment", ["option": option])
                #expect(try await world.waitUntil { try await Self.sightings(of: lost, in: world) == 1 })
                #expect(try await Self.state(of: lost, in: world) == "processing")
                try world.networks.control.set("ton", "discarded_blocks", [:])
                #expect(try await world.waitUntil { try await Self.sightings(of: lost, in: world) == 0 })
                try await Self.pay(real, in: world)
                #expect(try await Self.settles(real, in: world))
                #expect(try await Self.state(of: lost, in: world) == "new")
            }
            try await world.settle()
            #expect(try await Self.state(of: lost, in: world) == "new")
            let list = try await world.merchant.get("/v1/payments?limit=100")["data"]?.arrayValue ?? []
            #expect(list.count == 1)
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test("that is refused leaves the rail offered and its scan as it is", .timeLimit(.minutes(5)))
    func refused() async throws {
        try await Self.withWorld(.sqlite) { world in
            try await world.settle()
            try world.networks.control.set("ton", "stream_refused", ["times": .integer(1_000)])
            let worker = world.gateway.worker
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await worker.run(every: .milliseconds(50), at: AsyncStream { _ in }) }
                defer { group.cancelAll() }
                #expect(try await world.waitUntil { (world.duty("doorbell of ton-testnet")?.failures ?? 0) >= 2 })
                let invoice = try await Self.open("order", paidBy: "ton:testnet:native", in: world)
                try await Self.pay(invoice, in: world)
                #expect(try await Self.settles(invoice, in: world))
                let page = await world.gateway.router.respond(to: HTTPRequest(url: "/readyz"))
                let text = String(decoding: page.body, as: UTF8.self)
                #expect(page.status == 200 && text.hasPrefix("ready\n"), "\(text)")
                #expect(text.contains("doorbell ton-testnet: "), "\(text)")
                let metrics = await world.gateway.router.respond(to: HTTPRequest(url: "/metrics"))
                let duty = "settlegate_duty_failures{duty=\"doorbell of ton-testnet\"}"
                #expect(String(decoding: metrics.body, as: UTF8.self).contains(duty))
            }
        }
    }

    // MARK: - Hostile streams

    @Test(
        "ends when one event has no end",
        .timeLimit(.minutes(2)),
        arguments: ["endless_line", "endless_event"]
    )
    func endless(kind: String) async throws {
        try await Self.withWorld(.sqlite) { world in
            try world.networks.control.set("ton", "hostile_stream", ["stream": .string(kind)])
            let provider = try #require(world.gateway.settlement.providers.provider("ton-testnet"))
            let (listen, scan) = (try #require(provider.listen), try #require(provider.scan))
            let accounts = try await scan.standingAccounts
            await #expect(throws: ProviderError.self) { try await listen.listen(to: accounts) { _ in } }
        }
    }

    @Test(
        "ends when it tells more than a stream may",
        .timeLimit(.minutes(2)),
        arguments: ["flood", "garbage", "empty_lines"]
    )
    func floods(kind: String) async throws {
        try await Self.withWorld(.sqlite) { world in
            try world.networks.control.set("ton", "hostile_stream", ["stream": .string(kind)])
            let provider = try #require(world.gateway.settlement.providers.provider("ton-testnet"))
            let (listen, scan) = (try #require(provider.listen), try #require(provider.scan))
            let accounts = try await scan.standingAccounts
            await #expect(throws: ProviderError(.flooded, "")) { try await listen.listen(to: accounts) { _ in } }
        }
    }
}
