import ArgumentParser
import CommandParts
import Foundation

/// The program with the commands of the sandbox, which is installed beside this one where it is wanted.
enum SandboxProgram {
    private static let name = "settlegate-sandbox"

    /// The commands, so that help and completion list them.
    static let commands: [any ParsableCommand.Type] = [
        SandboxEntry.self, DemoEntry.self, ScenarioEntry.self, TriggerEntry.self,
    ]

    /// Becomes the sandbox's program when the arguments name one of its commands, and returns when they name another.
    ///
    /// The process stays the same, with its descriptors, arguments and environment, so that signals reach the sandbox and
    /// its exit code is what the caller gets.
    static func takeOver() {
        let words = CommandLine.arguments.dropFirst()
        let word = words.first == "help" ? words.dropFirst().first : words.first
        guard let word, commands.contains(where: { $0.configuration.commandName == word }) else { return }
        var reason = "is neither beside this program nor in PATH"
        if let path = found {
            _ = unsafe execv(path, CommandLine.unsafeArgv)
            reason = "cannot be started: \(String(cString: strerror(errno)))"
        }
        Console.say(
            """
            settlegate: '\(word)' is a command of the sandbox, and \(name) \(reason); install it, or build it with \
            'swift build --product \(name)'
            """
        )
        exit(ExitCode.unusable.rawValue)
    }

    /// The program's path: beside this program, else the first in PATH.
    private static var found: String? {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = (own.isEmpty ? [] : [beside]) + path.split(separator: ":").map { String($0) }
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// How `sandbox` is listed; the sandbox's program runs it.
private struct SandboxEntry: ParsableCommand {
    static let configuration = SandboxArguments.configuration
    @OptionGroup var arguments: SandboxArguments
}

/// How `demo` is listed; the sandbox's program runs it.
private struct DemoEntry: ParsableCommand {
    static let configuration = DemoArguments.configuration
    @OptionGroup var arguments: DemoArguments
}

/// How `scenario` is listed; the sandbox's program runs it.
private struct ScenarioEntry: ParsableCommand {
    static let configuration = ScenarioArguments.configuration
    @OptionGroup var arguments: ScenarioArguments
}

/// How `trigger` is listed; the sandbox's program runs it.
private struct TriggerEntry: ParsableCommand {
    static let configuration = TriggerArguments.configuration
    @OptionGroup var arguments: TriggerArguments
}
