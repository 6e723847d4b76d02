import Cryptography
import FixtureEVM
import FixtureTON
import FixtureTelegram
import Gateway
import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Routing
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Synchronization
import Testing

@Suite("A start", .serialized)
struct RailOutageTests {
    enum Rail: String, CaseIterable {
        case telegram = "telegram_fiat"
        case ton
        case evm

        /// The name of the condition while the rail is missing.
        var condition: String {
            switch self {
            case .telegram: "rail bot shop"
            case .ton: "rail ton-testnet"
            case .evm: "rail evm-sandbox"
            }
        }
    }

    private static func order(_ rails: [Rail]) -> JSONValue {
        [
            "title": "Tea", "description": "Tea", "goods": "physical",
            "place": .string(rails.contains(.telegram) ? "telegram" : "web"), "amount": "2",
            "asset": "fiat:EUR",
            "rails": .array(
                rails.map { rail in
                    switch rail {
                    case .telegram: ["rail": "telegram_fiat"]
                    case .ton: ["rail": "ton", "amount": "1", "asset": "ton:testnet:native"]
                    case .evm: ["rail": "evm", "amount": "1", "asset": .string(SandboxHome.coinAsset)]
                    }
                }
            ),
        ]
    }

    /// Has each network of `rails` answer with 500, or with 429, until the fault is over.
    private static func fail(_ rails: [Rail], in world: ScenarioWorld, times: Int, limiting: Bool) {
        for rail in rails {
            switch rail {
            case .telegram: world.networks.telegram.limitRate(times: times)
            case .ton:
                var faults = FixtureTON.Faults()
                if limiting { faults.rateLimits = times } else { faults.failures = times }
                world.networks.ton.set(faults)
            case .evm:
                var faults = FixtureEVM.Faults()
                if limiting { faults.rateLimits = times } else { faults.failures = times }
                for node in 0..<3 { world.networks.evm.set(faults, node: node) }
            }
        }
    }

    private static func ready(_ world: ScenarioWorld) async -> (status: Int, lines: [String]) {
        let answer = await world.gateway.router.respond(to: HTTPRequest(url: "/readyz"))
        return (answer.status, String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    private static func open(_ rails: [Rail], _ key: String, in world: ScenarioWorld) async throws -> HTTPResponse {
        await world.gateway.router.respond(
            to: InterfaceTests.request(
                world,
                "POST",
                "/v1/invoices",
                order(rails),
                fields: [HTTPField("Idempotency-Key", key)]
            )
        )
    }

    @Test("depends on no rail: rails that answer are served, and the others once they are back")
    func everySubset() async throws {
        try await withWorld { world in
            for number in 1..<8 {
                let missing = Rail.allCases.enumerated().filter { number >> $0.offset & 1 == 1 }.map(\.element)
                let limiting = number.isMultiple(of: 2)
                Self.fail(missing, in: world, times: 10_000, limiting: limiting)
                try await world.restart()
                let ready = await Self.ready(world)
                #expect(ready.status == 200, "\(missing)")
                for rail in Rail.allCases {
                    let isMissing = missing.contains(rail)
                    let answer = try await Self.open([rail], "\(number)-\(rail)", in: world)
                    #expect(answer.status == (isMissing ? 503 : 201), "\(rail) while \(missing) are away")
                    #expect(ready.lines.contains { $0.hasPrefix(rail.condition + ": ") } == isMissing)
                    guard isMissing else { continue }
                    let problem = try JSONValue(parsing: answer.body)
                    #expect(problem["param"]?.stringValue == "rails[0]")
                    #expect(problem["detail"]?.stringValue?.contains("rail \(rail.rawValue) cannot be reached") == true)
                }
                Self.fail(missing, in: world, times: 0, limiting: limiting)
                await world.gateway.lookForMissingRails()
                #expect(await Self.ready(world).lines == ["ready"])
                for rail in Rail.allCases {
                    #expect(try await Self.open([rail], "\(number)-\(rail)-again", in: world).status == 201)
                }
            }
        }
    }

    @Test(
        "stops when a rail answers and is not the configured one; a rail that turns out so later is left out"
    )
    func anotherChain() async throws {
        try await withWorld { world in
            func answerAsMainnet(_ failures: Int) {
                var faults = FixtureEVM.Faults()
                faults.chainID = 1
                faults.failures = failures
                for node in 0..<3 { world.networks.evm.set(faults, node: node) }
            }
            answerAsMainnet(0)
            await #expect(throws: ConfigurationError.self) { try await world.restart() }
            answerAsMainnet(1)
            try await world.restart()
            await world.gateway.lookForMissingRails()
            let ready = await Self.ready(world)
            #expect(ready.lines.contains { $0.hasPrefix("rail evm-sandbox: it answers, but differs from") })
            #expect(try await Self.open([.evm], "wrong", in: world).status == 503)
            #expect(try await Self.open([.ton, .telegram], "right", in: world).status == 201)
        }
    }

    /// Requests that stay unanswered until they are released.
    private final class Unanswered: Sendable {
        private let waiting = Mutex<[AsyncStream<Void>.Continuation]?>([])

        func wait() async {
            let (never, release) = AsyncStream.makeStream(of: Void.self)
            let isOver = waiting.withLock { waiting in
                waiting?.append(release)
                return waiting == nil
            }
            if isOver { release.finish() }
            for await _ in never {}
        }

        func letGo() {
            let all = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting ?? []
            }
            for release in all { release.finish() }
        }
    }

    /// A server that takes requests and never answers them.
    private static func hanging(_ body: (String) async throws -> Void) async throws {
        let unanswered = Unanswered()
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { _ in
                await unanswered.wait()
                return HTTPResponse(status: 500)
            }
        )
        defer { unanswered.letGo() }
        try await body(server.url)
        unanswered.letGo()
        await server.stop()
    }

    @Test(
        "waits for no node that accepts a request and never answers",
        .timeLimit(.minutes(2)),
        arguments: Rail.allCases
    )
    func hangingNode(rail: Rail) async throws {
        try await withWorld { world in
            try await Self.hanging { url in
                try await world.gateway.close()
                var configuration = try world.home.configuration()
                configuration.http.port = 0
                switch rail {
                case .telegram: configuration.bots[0].apiURL = url
                case .ton: configuration.ton[0].toncenterURL = url
                case .evm: configuration.evm?[0].nodes = (0..<3).map { "\(url)/\($0)" }
                }
                let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
                let gateway = try await world.gateway(
                    of: configuration,
                    over: transport,
                    clock: TrustedClock(world.machine)
                )
                _ = try await gateway.listen()
                let answer = await gateway.router.respond(to: HTTPRequest(url: "/readyz"))
                let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init)
                #expect(answer.status == 200 && lines.first == "ready")
                for other in Rail.allCases {
                    #expect(lines.contains { $0.hasPrefix(other.condition + ": ") } == (other == rail), "\(lines)")
                    let opened = await gateway.router.respond(
                        to: InterfaceTests.request(
                            world,
                            "POST",
                            "/v1/invoices",
                            Self.order([other]),
                            fields: [HTTPField("Idempotency-Key", "hanging-\(other)")]
                        )
                    )
                    #expect(opened.status == (other == rail ? 503 : 201), "\(other) while \(rail) hangs")
                }
                try await gateway.close()
                transport.close()
            }
        }
    }

    /// Whether a gateway has said that it listens.
    private final class Announced: Sendable {
        let isSaid = Mutex(false)
    }

    /// A clock by which no long time ever passes.
    private struct Patient: WallClock {
        let base: any WallClock

        func now() -> Timestamp { base.now() }

        func sleep(for duration: Duration) async throws {
            guard duration >= .seconds(5) else { return try await base.sleep(for: duration) }
            for await _ in AsyncStream<Void>.makeStream().stream {}
            throw CancellationError()
        }
    }

    @Test(
        "lets the other rails work while a node that never answers has its time, and ends when it is told to",
        .timeLimit(.minutes(2)),
        arguments: [Rail.ton, .evm]
    )
    func worksMeanwhile(rail: Rail) async throws {
        try await withWorld { world in
            try await Self.hanging { url in
                try await world.gateway.close()
                var configuration = try world.home.configuration()
                switch rail {
                case .ton: configuration.ton[0].toncenterURL = url
                default: configuration.evm?[0].nodes = (0..<3).map { "\(url)/\($0)" }
                }
                let transport = CurlTransport(.init(addresses: .any, httpsOnly: false))
                let gateway = try await world.gateway(
                    of: configuration,
                    over: transport,
                    clock: Patient(base: TrustedClock(world.machine))
                )
                let announced = Announced()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await gateway.serve { _ in announced.isSaid.withLock { $0 = true } } }
                    let other = rail == .ton ? Rail.evm : .ton
                    var invoice: JSONValue?
                    _ = try await world.waitUntil {
                        let opened = await gateway.router.respond(
                            to: InterfaceTests.request(
                                world,
                                "POST",
                                "/v1/invoices",
                                Self.order([other]),
                                fields: [HTTPField("Idempotency-Key", "meanwhile")]
                            )
                        )
                        guard opened.status == 201 else { return false }
                        invoice = try JSONValue(parsing: opened.body)
                        return true
                    }
                    let (order, text) = (try #require(invoice), "/v1/invoices/")
                    _ = try await world.pay(try #require(order["options"]?.arrayValue?.first), by: "alice")
                    try world.mine(4, on: other == .ton ? "ton" : "evm")
                    let id = try #require(order["id"]?.stringValue)
                    let isSettled = try await world.waitUntil {
                        let answer = await gateway.router.respond(
                            to: InterfaceTests.request(world, "GET", text + id, nil)
                        )
                        return try JSONValue(parsing: answer.body)["state"]?.stringValue == "settled"
                    }
                    #expect(isSettled)
                    #expect(!announced.isSaid.withLock { $0 }, "the start has not waited for the node")
                    // An order for a rail that has not answered yet would be refused.
                    let page = await gateway.router.respond(to: HTTPRequest(url: "/readyz"))
                    let said = String(decoding: page.body, as: UTF8.self)
                    #expect(page.status == 503 && said.contains("\nstart: "), "\(said)")
                    group.cancelAll()
                    try await group.waitForAll()
                }
                try await gateway.close()
                transport.close()
            }
        }
    }
}
