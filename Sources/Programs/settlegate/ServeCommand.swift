import ArgumentParser
import Dispatch
import Gateway
import Glibc
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
        Console.say("settlegate listens on \(url)")
        await Termination.run { await gateway.run() }
        try await gateway.close()
    }
}

/// Runs something until the process is told to stop.
enum Termination {
    static func run(_ body: @escaping @Sendable () async -> Void) async {
        let (signals, received) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { received.yield() }
            source.resume()
            return source
        }
        let work = Task { await body() }
        for await _ in signals { break }
        work.cancel()
        await work.value
        for source in sources { source.cancel() }
    }
}
