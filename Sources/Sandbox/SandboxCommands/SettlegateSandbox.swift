import ArgumentParser
import CommandParts
import Seams

/// The program settlegate-sandbox: the commands that need fixture networks, which the gateway's program does not
/// contain.
@main
struct SettlegateSandbox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: calledName,
        abstract: "The sandbox of settlegate: Telegram, TON and EVM on loopback, and what is played on them.",
        discussion: """
            'settlegate sandbox', 'demo', 'scenario' and 'trigger' start this program.

            Exit codes: 0 all is well, 1 something did not hold (books, scenario, check), 2 the configuration or the
            environment is not usable, 64 the arguments are wrong.
            """,
        version: ProgramVersion.text,
        subcommands: [SandboxCommand.self, DemoCommand.self, ScenarioCommand.self, TriggerCommand.self]
    )

    /// The name under which it was called, for usage texts; `settlegate` when that program has started it.
    private static var calledName: String {
        let called = CommandLine.arguments.first?.split(separator: "/").last ?? ""
        return called == "settlegate" ? "settlegate" : "settlegate-sandbox"
    }

    static func main() async {
        ProcessSecrecy.begin()
        DescriptorBudget.raise()
        await main(nil)
    }
}
