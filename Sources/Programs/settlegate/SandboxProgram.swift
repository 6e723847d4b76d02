import ArgumentParser
import CommandParts
import Foundation

/// The program with the sandbox's commands, which may be installed beside this one.
enum SandboxProgram {
    private static let name = "settlegate-sandbox"

    /// The sandbox's commands, for help and completion.
    static let commands: [any ParsableCommand.Type] = [
        SandboxEntry.self, DemoEntry.self, ScenarioEntry.self, TriggerEntry.self,
    ]

    /// Replaces this process by the sandbox's program when the arguments name one of its commands; otherwise returns.
    ///
    /// The process keeps its identity, descriptors, arguments and environment, so that signals reach the sandbox and
    /// its exit code reaches the caller.
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

/// Lists `sandbox` in the help; the sandbox's program runs it.
private struct SandboxEntry: ParsableCommand {
    static let configuration = SandboxArguments.configuration
    @OptionGroup var arguments: SandboxArguments
}

/// Lists `demo` in the help; the sandbox's program runs it.
private struct DemoEntry: ParsableCommand {
    static let configuration = DemoArguments.configuration
    @OptionGroup var arguments: DemoArguments
}

/// Lists `scenario` in the help; the sandbox's program runs it.
private struct ScenarioEntry: ParsableCommand {
    static let configuration = ScenarioArguments.configuration
    @OptionGroup var arguments: ScenarioArguments
}

/// Lists `trigger` in the help; the sandbox's program runs it.
private struct TriggerEntry: ParsableCommand {
    static let configuration = TriggerArguments.configuration
    @OptionGroup var arguments: TriggerArguments
}
