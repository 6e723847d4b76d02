import ArgumentParser
import Foundation
import Gateway
import Operations
import Scenarios

/// Shows the main job.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Take a payment on every rail against the sandbox, break a few on purpose, and reconcile.",
        discussion: """
            Example: settlegate demo

            Exit code 0 only if every order is settled, announced once, and the books balance.
            """
    )

    @OptionGroup var catalogues: CataloguesOption
    @Option(help: "A PostgreSQL database to use, in libpq's words, instead of a new SQLite file.")
    var postgresql: String?
    @Flag(help: "Change one posting by one unit in the database before reconciling, to see that it is found.")
    var tamper = false

    mutating func run() async throws {
        let (catalogues, tamper, postgresql) = (catalogues.folder, tamper, postgresql)
        let outcome = try await Console.usable { () -> Demonstration.Outcome in
            let folder = try TemporaryFolder.make()
            defer { TemporaryFolder.remove(folder) }
            let world = try await ScenarioWorld.make(
                in: folder,
                catalogues: catalogues,
                postgresql: postgresql,
                logger: GatewayOptions.logger
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
