import Gateway
import GatewayHTTP
import HTTPTransport
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

@Suite("F108: the clock of the gateway's machine", .serialized)
struct ClockJumpTests {
    /// Scenarios on every rail, with expiry, refunds, payouts and what is tried again.
    static let names = [
        "paid-by-ton", "paid-by-stars", "paid-by-card", "paid-by-evm-coin", "paid-late", "paid-short", "refunds",
        "payouts-in-a-batch", "telegram-updates-reorder", "node-lags",
    ]

    @Test("may jump before each step of a scenario, and everything comes out as if it had not", arguments: names)
    func jumps(name: String) async throws {
        let scenario = try Scenario(file: projectFolder + "/Fixtures/scenarios/\(name).yaml")
        let random = SeededRandom(seed: 14)
        let failures = try await withWorld { world in
            try await ScenarioRunner.run(scenario, in: world) { step in
                // Everything that works by itself works while the clock is wrong, and the step comes then, or after it.
                let ahead: [Int64] = [315_360_000, -86_400, -315_360_000, 7_200]
                world.machine.set(ahead: .seconds(ahead[Int(random.next() % 4)]))
                try await world.look()
                if step == nil || random.next() % 2 == 0 { world.machine.set(ahead: .zero) }
            }
        }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    private static func conditions(_ world: ScenarioWorld) async -> String {
        let answer = await world.gateway.api.respond(to: HTTPRequest(url: "/readyz"))
        return String(decoding: answer.body, as: UTF8.self)
    }

    @Test("is told of by /readyz while it is wrong, and no longer when it is right")
    func told() async throws {
        try await withWorld { world in
            try await world.look()
            #expect(await !Self.conditions(world).contains("clock: "))
            world.machine.set(ahead: .seconds(315_360_000))
            try await world.look()
            #expect(await Self.conditions(world).contains("clock: the machine's clock was set 315360000 s ahead"))
            world.machine.set(ahead: .zero)
            try await world.look()
            #expect(await Self.conditions(world) == "ready\n")
        }
    }

    @Test("that is ten years ahead at the start ends nothing: the rails say another time")
    func wrongAtTheStart() async throws {
        try await withWorld { world in
            let invoice = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "i")
            world.machine.set(ahead: .seconds(315_360_000))
            try await world.restart()
            try await world.look()
            try await world.look()
            let path = "/v1/invoices/\(invoice["id"]?.stringValue ?? "")"
            #expect(try await world.merchant.get(path)["state"]?.stringValue == "new")
            #expect(await Self.conditions(world).contains("clock: ton-testnet is "))
            // The operator sets it right, and the rail confirms the new time.
            world.machine.set(ahead: .zero)
            try await world.look()
            try await world.look()
            #expect(await Self.conditions(world) == "ready\n")
            let option = try #require(invoice["options"]?.arrayValue?.first)
            #expect(try await world.pay(option, by: "alice"))
            try await world.settle()
            #expect(try await world.merchant.get(path)["state"]?.stringValue == "settled")
        }
    }
}
