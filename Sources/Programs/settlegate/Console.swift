import ArgumentParser
import Foundation

/// The two streams of the process: results go to one, everything said to a person to the other.
enum Console {
    /// Writes a result and a line break.
    static func result(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Tells a person something.
    static func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A line of standard input, without its line break; for secrets, which never stand in arguments.
    static func secretLine() -> [UInt8]? {
        readLine(strippingNewline: true).map { Array($0.utf8) }
    }

    /// Asks a person; nobody is asked where there is no terminal, and an empty answer is none.
    static func ask(_ question: String) -> String? {
        guard isatty(FileHandle.standardInput.fileDescriptor) == 1 else { return nil }
        FileHandle.standardError.write(Data("\(question): ".utf8))
        return readLine(strippingNewline: true).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Asks a person, with an answer for who says nothing.
    static func ask(_ question: String, otherwise usual: String) -> String { ask("\(question) [\(usual)]") ?? usual }

    /// Ends the process with a sentence when the configuration or environment is not usable.
    static func usable<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let exit as ExitCode {
            throw exit
        } catch {
            say("settlegate: \(error)")
            throw ExitCode.unusable
        }
    }
}

/// How a list or report is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
