import Cryptography
import DatabaseEngines
import FixtureTON
import Foundation
import Gateway
import HTTPTransport
import Logging
import Sandbox
import Scenarios
import Seams
import Settlement
import Testing

/// The project's folder, found from this file.
let projectFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// A world in a folder of its own, which is gone afterwards.
func withWorld<Result>(
    postgresql: String? = nil,
    faults: FaultInjector = .none,
    _ body: (ScenarioWorld) async throws -> Result
) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/world-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let world = try await ScenarioWorld.make(
        in: folder,
        catalogues: projectFolder + "/Config",
        faults: faults,
        postgresql: postgresql,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    do {
        let result = try await body(world)
        await world.stop()
        return result
    } catch {
        await world.stop()
        throw error
    }
}

extension ScenarioWorld {
    /// A gateway on the world's files with another configuration; the world's own has to be closed.
    func gateway(of configuration: GatewayConfiguration, over transport: CurlTransport) async throws -> Gateway {
        try await Gateway(
            configuration,
            keystore: home.keystore(),
            surroundings: .init(
                clock: networks.clock,
                random: SystemRandom(),
                transport: transport,
                webhookTransport: transport
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}

@Suite("The whole gateway over real sockets", .serialized)
struct ScenarioTests {
    static let names = (try? Scenario.names(in: projectFolder + "/Fixtures/scenarios")) ?? []

    @Test("has scenarios to hold to")
    func hasScenarios() {
        #expect(Self.names.count >= 20)
    }

    @Test("has every odd form in which a stranger can pay on TON")
    func hasOddForms() throws {
        let texts = try Self.names.map { name in
            try String(contentsOfFile: projectFolder + "/Fixtures/scenarios/\(name).yaml", encoding: .utf8)
        }
        for form in OddForm.allCases {
            #expect(texts.contains { $0.contains("written: \(form.rawValue) }") }, "\(form)")
        }
    }

    @Test("holds to the scenario on both databases", arguments: names, [false, true])
    func scenario(name: String, onPostgreSQL: Bool) async throws {
        let scenario = try Scenario(file: projectFolder + "/Fixtures/scenarios/\(name).yaml")
        let place = onPostgreSQL ? try PostgresServer.newDatabase() : nil
        let failures = try await withWorld(postgresql: place) { try await ScenarioRunner.run(scenario, in: $0) }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    @Test("ends the demonstration with clean books on both databases, and not when a posting was changed by one unit")
    func demonstration() async throws {
        let place = try PostgresServer.newDatabase()
        let shared = try await withWorld(postgresql: place) { try await Demonstration(world: $0).run { _ in } }
        #expect(shared.failures.isEmpty, "\(shared.failures)")
        let clean = try await withWorld { try await Demonstration(world: $0).run { _ in } }
        #expect(clean.failures.isEmpty, "\(clean.failures)")
        #expect(clean.events.taken > 10 && clean.events.refused == 0)
        let tampered = try await withWorld { try await Demonstration(world: $0).run(tampering: true) { _ in } }
        #expect(!tampered.failures.isEmpty)
    }
}
