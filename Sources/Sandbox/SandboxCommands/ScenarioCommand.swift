import ArgumentParser
import CommandParts
import Scenarios

/// Plays scenario files.
struct ScenarioCommand: AsyncParsableCommand {
    static let configuration = ScenarioArguments.configuration
    @OptionGroup var arguments: ScenarioArguments

    mutating func run() async throws {
        let folder = arguments.catalogues.folder
        var failed = 0
        for file in arguments.files {
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
        let world = try await ScenarioWorld.make(in: folder, catalogues: catalogues, logger: Console.logger)
        let outcome: Result<[String], any Error>
        do { outcome = .success(try await ScenarioRunner.run(scenario, in: world)) } catch { outcome = .failure(error) }
        await world.stop()
        return try outcome.get()
    }
}
