import Foundation

/// Runs another program whose figures stand beside ours.
enum OtherProgram {
    /// It failed, or printed something else than a figure.
    struct Failure: Error {
        let reason: String
    }

    /// What a program on the path prints that reads `input`.
    static func output(of arguments: [String], input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let text = String(decoding: standardOutput.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(reason: "\(arguments[0]) failed: \(text)") }
        return text
    }
}
