import CommandParts
import DatabaseEngines
import FixtureEVM
import FixtureTON
import FixtureTelegram
import Gateway
import HTTPMessages
import Routing
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

@Suite("The clock of the gateway's machine", .serialized)
struct ClockJumpTests {
    /// Scenarios on every rail, with expiry, refunds, payouts and retries.
    static let names = [
        "paid-by-ton", "paid-by-stars", "paid-by-card", "paid-by-evm-coin", "paid-late", "paid-short", "refunds",
        "payouts-in-a-batch", "telegram-updates-reorder", "node-lags",
    ]

    @Test("may jump before each step of a scenario without changing its outcome", arguments: names)
    func jumps(name: String) async throws {
        let scenario = try Scenario(file: projectFolder + "/Fixtures/scenarios/\(name).yaml")
        let random = SeededRandom(seed: 14)
        let failures = try await withWorld { world in
            try await ScenarioRunner.run(scenario, in: world) { step in
                // The workers run while the clock is wrong; the step itself runs then, or after the clock was set
                // right.
                let ahead: [Int64] = [315_360_000, -86_400, -315_360_000, 7_200]
                world.machine.set(ahead: .seconds(ahead[Int(random.next() % 4)]))
                try await world.look()
                if step == nil || random.next() % 2 == 0 { world.machine.set(ahead: .zero) }
            }
        }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    private static func conditions(_ world: ScenarioWorld) async -> String {
        let answer = await world.gateway.router.respond(to: HTTPRequest(url: "/readyz"))
        return String(decoding: answer.body, as: UTF8.self)
    }

    @Test("is named by /readyz for as long as it is wrong")
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

    /// The sources of the time, of which a test silences all but one.
    enum Witness: String, CaseIterable {
        case ton
        case evm
        case bot
        case message
        case record
        case server

        var name: String {
            switch self {
            case .ton: "ton-testnet"
            case .evm: "evm-sandbox"
            case .bot: "the Bot API"
            case .message: "Telegram"
            case .record: "the newest entry of the database"
            case .server: "the database server"
            }
        }

        /// Stored entries alone cannot show that a clock is ahead.
        var wrong: Duration { .seconds(self == .record ? -315_360_000 : 315_360_000) }
    }

    private static func silence(all except: Witness?, in world: ScenarioWorld) {
        var ton = FixtureTON.Faults()
        ton.failures = except == nil || except == .ton ? 0 : 100_000
        world.networks.ton.set(ton)
        var evm = FixtureEVM.Faults()
        evm.failures = except == nil || except == .evm ? 0 : 100_000
        for node in 0..<3 { world.networks.evm.set(evm, node: node) }
        world.networks.telegram.setDates(except == nil || except == .bot)
    }

    @Test(
        "when ten years off at the start, ends and opens nothing, whichever witness tells, and heals without a trace",
        arguments: Witness.allCases
    )
    func wrongAtTheStart(witness: Witness) async throws {
        let place = witness == .server ? try PostgresServer.newDatabase() : nil
        try await withWorld(postgresql: place) { world in
            let invoice = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "i")
            let path = "/v1/invoices/\(invoice["id"]?.stringValue ?? "")"
            let byCard = try await world.merchant.post("/v1/invoices", Self.cardOrder, idempotencyKey: "c")
            let cardPath = "/v1/invoices/\(byCard["id"]?.stringValue ?? "")"
            Self.silence(all: witness, in: world)
            world.machine.set(ahead: witness.wrong)
            try await world.restart()
            if witness == .message {
                let token = SandboxNetworks.botToken
                world.networks.telegram.write("/start", to: token, by: "alice")
                _ = await world.networks.telegram.deliver()
            }
            try await world.look()
            try await world.look()
            #expect(try await world.merchant.get(path)["state"]?.stringValue == "new")
            // The sandbox's Bot API server states its own time as well, and comes first in the alphabet.
            let told = await Self.conditions(world)
            let names = [witness.name, Witness.bot.name]
            #expect(names.contains { told.contains("clock: \($0) is 3153") }, "\(told)")
            let refusal = await Self.open("refused", in: world)
            #expect(refusal.status == 503)
            #expect(String(decoding: refusal.body, as: UTF8.self).contains("do not agree on the time"))
            // Open invoices can still be paid, also by card, where the gateway approves the payment first.
            #expect(try await world.pay(#require(byCard["options"]?.arrayValue?.first), by: "bob"))
            // The operator sets it right, and the rails confirm the new time.
            world.machine.set(ahead: .zero)
            Self.silence(all: nil, in: world)
            await world.gateway.lookForMissingRails()
            try await world.look()
            try await world.look()
            #expect(await Self.conditions(world) == "ready\n")
            let now = world.networks.clock.now()
            let opened = await Self.open("opened", in: world)
            #expect(opened.status == 201)
            let end = try JSONValue(parsing: opened.body)["expires_at"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
            #expect(try #require(end).since(now) < .seconds(86_400))
            #expect(try await world.pay(#require(invoice["options"]?.arrayValue?.first), by: "alice"))
            try await world.settle()
            for path in [path, cardPath] {
                let settled = try await world.merchant.get(path)
                #expect(settled["state"]?.stringValue == "settled" && settled["exception"]?.stringValue == "none")
            }
        }
    }

    private static let cardOrder: JSONValue = [
        "title": "Tea", "description": "Tea", "goods": "physical", "place": "telegram", "amount": "2",
        "asset": "fiat:EUR", "rails": [["rail": "telegram_fiat"]],
    ]

    private static func open(_ key: String, in world: ScenarioWorld) async -> HTTPResponse {
        await world.gateway.router.respond(
            to: InterfaceTests.request(
                world,
                "POST",
                "/v1/invoices",
                InterfaceTests.order,
                fields: [HTTPField("Idempotency-Key", key)]
            )
        )
    }
}
