import ArgumentParser
import Seams

/// The command line of the gateway: arguments in, one library call, exit codes out.
@main
struct Settlegate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settlegate",
        abstract: "A settlement gateway for Telegram Mini Apps: provider tokens, Stars, TON and EVM chains.",
        discussion: """
            Try it: settlegate demo. A gateway of your own: settlegate init.

            Exit codes: 0 all is well, 1 something did not hold (books, scenario, check), 2 the configuration or the
            environment is not usable, 64 the arguments are wrong.
            """,
        version: "0.1.0",
        subcommands: [
            InitCommand.self, DoctorCommand.self, ServeCommand.self, SandboxCommand.self, DemoCommand.self,
            ScenarioCommand.self, MigrateCommand.self,
            ListenCommand.self, TriggerCommand.self, EventsCommand.self, LogsCommand.self,
            BackupCommand.self, RestoreCommand.self, WalletsCommand.self,
            KeysCommand.self, MerchantsCommand.self, CurrenciesCommand.self, ReconcileCommand.self, InspectCommand.self,
        ]
    )

    static func main() async {
        ProcessSecrecy.begin()
        DescriptorBudget.raise()
        await main(nil)
    }
}

/// Exit codes that scripts rely on.
extension ExitCode {
    /// Something did not hold: the books do not balance, or a scenario came out differently.
    static let notClean = ExitCode(1)
    /// The configuration, the keystore or the database cannot be used.
    static let unusable = ExitCode(2)
}
