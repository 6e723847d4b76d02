import ArgumentParser
import Foundation
import Scenarios

/// Plays scenario files.
struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scenario",
        abstract: "Play scenario files, each against a gateway and networks of its own.",
        discussion: "Example: settlegate scenario Fixtures/scenarios/paid-twice.yaml"
    )

    @Argument(help: "Scenario files.") var files: [String]
    @OptionGroup var catalogues: CataloguesOption

    mutating func run() async throws {
        let folder = catalogues.folder
        var failed = 0
        for file in files {
            let scenario = try await Console.usable { try Scenario(file: file) }
            let failures = try await Console.usable { try await Self.play(scenario, folder) }
            Console.result("\(failures.isEmpty ? "ok    " : "FAILED")  \(scenario.name)")
            for failure in failures { Console.result("        \(failure)") }
            if !failures.isEmpty { failed += 1 }
        }
        guard failed == 0 else { throw ExitCode.notClean }
    }

    private static func play(_ scenario: Scenario, _ catalogues: String) async throws -> [String] {
        let folder = try TemporaryFolder.make()
        defer { TemporaryFolder.remove(folder) }
        let world = try await ScenarioWorld.make(in: folder, catalogues: catalogues, logger: GatewayOptions.logger)
        let outcome: Result<[String], any Error>
        do { outcome = .success(try await ScenarioRunner.run(scenario, in: world)) } catch { outcome = .failure(error) }
        await world.stop()
        return try outcome.get()
    }
}

/// A folder that is gone afterwards.
enum TemporaryFolder {
    static func make() throws -> String {
        let path = NSTemporaryDirectory() + "settlegate-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
