import ArgumentParser
import CommandParts
import Gateway
import Seams

/// Takes a copy of the database while the gateway runs.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database into one file; the gateway may run meanwhile.",
        discussion: """
            The file has a checksum, belongs to its owner alone, and holds everything but the keys: keep the keystore
            elsewhere. For PostgreSQL pg_dump makes the copy.

            Example: settlegate backup /backups/2026-11-28.settlegate
            """
    )
    @OptionGroup var options: GatewayOptions
    @Argument(help: "The new file.") var file: String

    mutating func run() async throws {
        let file = file
        let backup = try await Console.usable {
            try options.configuration().database.backUp(to: file, at: SystemClock().now())
        }
        Console.say("copied the \(backup.engine) database with schema \(backup.schema) into \(file)")
    }
}

/// Puts a copy of the database back.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a copy of the database back where there is none; every wallet is held until you have looked.",
        discussion: """
            Payouts since the copy was taken are not in it. The gateway starts with every wallet held, reads from
            the chains what has left, and signs nothing until 'settlegate wallets resume'.

            Example: settlegate restore /backups/2026-11-28.settlegate
            """
    )
    @OptionGroup var options: GatewayOptions
    @Argument(help: "The file that 'settlegate backup' has made.") var file: String

    mutating func run() async throws {
        let file = file
        let backup = try await Console.usable {
            try await options.configuration().database.restore(from: file, at: SystemClock().now())
        }
        Console.say(
            """
            restored the copy of \(backup.takenAt); every wallet is held
            next: start the gateway, look at 'settlegate wallets list', decide, and 'settlegate wallets resume'
            """
        )
    }
}
