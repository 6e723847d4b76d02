package import ArgumentParser
import Foundation
package import Logging

/// The two streams of the process: results go to standard output, messages for people to standard error.
package enum Console {
    /// Writes a result and a line break.
    package static func result(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Writes a message for a person.
    package static func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A line of standard input, without its line break; for secrets, which never stand in arguments.
    package static func secretLine() -> [UInt8]? {
        readLine(strippingNewline: true).map { Array($0.utf8) }
    }

    /// Asks a person; returns nil when there is no terminal to ask at, and for an empty answer.
    package static func ask(_ question: String) -> String? {
        guard isatty(FileHandle.standardInput.fileDescriptor) == 1 else { return nil }
        FileHandle.standardError.write(Data("\(question): ".utf8))
        return readLine(strippingNewline: true).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Asks a person; an empty answer means `usual`.
    package static func ask(_ question: String, otherwise usual: String) -> String {
        ask("\(question) [\(usual)]") ?? usual
    }

    /// The log, on standard error.
    package static let logger: Logger = {
        var logger = Logger(label: "settlegate") { StreamLogHandler.standardError(label: $0) }
        let wanted = ProcessInfo.processInfo.environment["SETTLEGATE_LOG"]
        logger.logLevel = wanted.flatMap { Logger.Level(rawValue: $0) } ?? .warning
        return logger
    }()

    /// Ends the process with a sentence when the configuration or environment is not usable.
    package static func usable<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let exit as ExitCode {
            throw exit
        } catch {
            say("settlegate: \(error)")
            throw ExitCode.unusable
        }
    }
}

/// How a list or report is written.
package enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Exit codes that scripts rely on.
extension ExitCode {
    /// A check failed: the books do not balance, or a scenario came out differently.
    package static let notClean = ExitCode(1)
    /// The configuration, the keystore or the database cannot be used.
    package static let unusable = ExitCode(2)
}
