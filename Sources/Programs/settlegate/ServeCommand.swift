import ArgumentParser
import CommandParts
import Gateway
import Seams
import Synchronization

/// Runs the gateway.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway until it is told to stop (SIGTERM, SIGINT).",
        discussion: "Example: SETTLEGATE_PASSPHRASE=… settlegate serve --config Config/settlegate.yaml"
    )
    @OptionGroup var options: GatewayOptions

    mutating func run() async throws {
        try await Console.usable { try DescriptorBudget.current.demand() }
        let gateway = try await Console.usable { try await options.gateway() }
        let failure = Mutex<(any Error)?>(nil)
        await Termination.run(
            whenSlow: {
                Console.say("settlegate: it stops when these have ended: \(gateway.unfinished.joined(separator: ", "))")
            },
            {
                do { try await gateway.serve { Console.say("settlegate listens on \($0)") } } catch {
                    failure.withLock { $0 = error }
                }
            }
        )
        if let error = failure.withLock({ $0 }) {
            try? await gateway.close()
            try await Console.usable { () async throws -> Void in throw error }
        }
        try await gateway.close()
        guard gateway.hasLostItsDatabase else { return }
        Console.say(
            "settlegate: the database server has failed over, or the database was replaced: commits that this process "
                + "remembers may be gone, and it has ended; start it anew"
        )
        throw ExitCode.unusable
    }
}
