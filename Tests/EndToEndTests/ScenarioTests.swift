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
