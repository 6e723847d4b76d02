import ArgumentParser
import CommandParts
import Gateway
import Operations
import Scenarios

/// Runs the demonstration.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = DemoArguments.configuration
    @OptionGroup var arguments: DemoArguments
    @Flag(help: "Change one posting by one unit in the database before reconciling, to see that it is found.")
    var tamper = false

    mutating func run() async throws {
        let (catalogues, tamper, postgresql) = (arguments.catalogues.folder, tamper, arguments.postgresql)
        let outcome = try await Console.usable { () -> Demonstration.Outcome in
            let folder = try TemporaryFolder.make()
            defer { TemporaryFolder.remove(folder) }
            let world = try await ScenarioWorld.make(
                in: folder,
                catalogues: catalogues,
                postgresql: postgresql,
                logger: Console.logger
            )
            let result: Result<Demonstration.Outcome, any Error>
            do {
                let demonstration = Demonstration(world: world)
                result = .success(try await demonstration.run(tampering: tamper) { Console.say($0) })
            } catch { result = .failure(error) }
            await world.stop()
            return try result.get()
        }
        Console.result("\n" + outcome.payments.text)
        Console.result("\n" + outcome.report.text)
        Console.result(
            "\nThe merchant took \(outcome.events.taken) signed events and refused \(outcome.events.refused)."
        )
        guard outcome.failures.isEmpty else {
            Console.result("\nNOT CLEAN")
            for failure in outcome.failures { Console.result("  - \(failure)") }
            throw ExitCode.notClean
        }
        Console.result("\nAll is clean: every order settled, announced once, and the books balance.")
    }
}
