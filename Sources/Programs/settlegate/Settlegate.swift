import ArgumentParser
import CommandParts
import Seams

/// The command line of the gateway: arguments in, one library call, exit codes out.
@main
struct Settlegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settlegate",
        abstract: "A settlement gateway for Telegram Mini Apps: provider tokens, Stars, TON and EVM chains.",
        discussion: """
            Try it: settlegate demo. A gateway of your own: settlegate init.

            The commands of the sandbox are in a program of their own, settlegate-sandbox, which lies beside this one.

            Exit codes: 0 all is well, 1 something did not hold (books, scenario, check), 2 the configuration or the
            environment is not usable, 64 the arguments are wrong.
            """,
        version: ProgramVersion.text,
        subcommands: [
            InitCommand.self, DoctorCommand.self, ServeCommand.self, MigrateCommand.self, ListenCommand.self,
            EventsCommand.self, LogsCommand.self, BackupCommand.self, RestoreCommand.self, WalletsCommand.self,
            KeysCommand.self, MerchantsCommand.self, CurrenciesCommand.self, ReconcileCommand.self,
            StatementsCommand.self, ExportCommand.self, InspectCommand.self,
        ],
        groupedSubcommands: [CommandGroup(name: "Sandbox", subcommands: SandboxProgram.commands)]
    )

    // On the main thread, because the sandbox's program inherits its signal mask.
    @MainActor
    static func main() async {
        SandboxProgram.takeOver()
        ProcessSecrecy.begin()
        DescriptorBudget.raise()
        await main(nil)
    }
}
