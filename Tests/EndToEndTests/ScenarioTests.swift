import DatabaseEngines
import FixtureTON
import Foundation
import Scenarios
import Testing

/// The scenarios of `Fixtures/scenarios`, each in a world of its own.
@Suite("The whole gateway over real sockets")
struct ScenarioTests {
    static let names = (try? Scenario.names(in: projectFolder + "/Fixtures/scenarios")) ?? []

    @Test("has scenarios")
    func hasScenarios() {
        #expect(Self.names.count >= 20)
    }

    @Test("refuses the check of an account that the chart does not have, which would always be empty")
    func unknownAccount() async throws {
        _ = try await withWorld { world in
            await #expect(throws: ScenarioError.self) {
                try await world.held(on: "outgoing_reserved", asset: "ton:testnet:native")
            }
        }
    }

    @Test("has a scenario with every odd form of a TON payment")
    func hasOddForms() throws {
        let texts = try Self.names.map { name in
            try String(contentsOfFile: projectFolder + "/Fixtures/scenarios/\(name).yaml", encoding: .utf8)
        }
        for form in OddForm.allCases {
            #expect(texts.contains { $0.contains("written: \(form.rawValue) }") }, "\(form)")
        }
    }

    static func play(_ name: String, postgresql: String?) async throws {
        let scenario = try Scenario(file: projectFolder + "/Fixtures/scenarios/\(name).yaml")
        let failures = try await withWorld(postgresql: postgresql) { try await ScenarioRunner.run(scenario, in: $0) }
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    // Two cores run one world of each database at a time well.

    @Suite("On SQLite", .serialized)
    struct OnSQLite {
        @Test("it holds to the scenario", arguments: ScenarioTests.names)
        func scenario(name: String) async throws { try await ScenarioTests.play(name, postgresql: nil) }
    }

    @Suite("On PostgreSQL", .serialized)
    struct OnPostgreSQL {
        @Test("it holds to the scenario", arguments: ScenarioTests.names)
        func scenario(name: String) async throws {
            try await ScenarioTests.play(name, postgresql: PostgresServer.newDatabase())
        }
    }

    @Test(
        "ends the demonstration with clean books on both databases, and with findings when a posting is off by a unit"
    )
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
