import ArgumentParser
import CommandParts
import Gateway
import Seams

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
        let url = try await Console.usable { try await gateway.listen() }
        await Termination.run(
            whenSlow: {
                Console.say("settlegate: it stops when these have ended: \(gateway.unfinished.joined(separator: ", "))")
            },
            {
                Console.say("settlegate listens on \(url)")
                await gateway.run()
            }
        )
        try await gateway.close()
        guard gateway.hasLostItsDatabase else { return }
        Console.say(
            "settlegate: the database server has failed over, or the database was replaced: commits that this process "
                + "remembers may be gone, and it has ended; start it anew"
        )
        throw ExitCode.unusable
    }
}
