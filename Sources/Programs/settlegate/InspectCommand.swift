import ArgumentParser
import CommandParts
import Foundation
import Inspection
import StrictJSON

/// Decodes or checks one thing, or one for each line of input.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Decode or check one thing and print JSON.",
        discussion: """
            Examples:
              settlegate inspect ton-address '{"text": "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"}'
              settlegate inspect keccak256 '{"data": ""}'
              settlegate inspect --lines < requests.jsonl

            With --lines each line is {"id": …, "kind": …, "input": {…}}; each gets one line, in the same order. A bad line
            gets an error line, and the process goes on and exits 0.
            """
    )

    @Flag(help: "Read one request a line from standard input.")
    var lines = false

    @OptionGroup var catalogues: CataloguesOption

    @Argument(help: "What to inspect: \(Inspection.kinds.joined(separator: ", "))")
    var kind: String?

    @Argument(help: "The input, a JSON object; standard input when it is left out.")
    var input: String?

    mutating func validate() throws {
        guard lines != (kind != nil) else { throw ValidationError("Give a kind, or --lines.") }
    }

    mutating func run() async throws {
        let inspection = Inspection(assets: try await Console.usable { try catalogues.assets() })
        guard let kind else {
            LineReader.forEachLine { line in
                var answer = inspection.answer(line: line)
                answer.append(UInt8(ascii: "\n"))
                FileHandle.standardOutput.write(Data(answer))
            }
            return
        }
        let text = input.map { Array($0.utf8) } ?? Array(FileHandle.standardInput.readDataToEndOfFile())
        let (answer, isFine) = inspection.answer(kind: kind, input: text)
        Console.result(answer.text)
        guard isFine else { throw ExitCode.notClean }
    }
}

/// Standard input as lines of bytes, whatever they hold.
enum LineReader {
    /// Calls `body` for each line; a line that is longer than any request is cut, and then refused as too long.
    static func forEachLine(_ body: ([UInt8]) -> Void) {
        var rest: [UInt8] = []
        while true {
            let chunk = FileHandle.standardInput.availableData
            guard !chunk.isEmpty else { break }
            for byte in chunk {
                if byte == UInt8(ascii: "\n") {
                    body(rest)
                    rest.removeAll(keepingCapacity: true)
                } else if rest.count <= Inspection.maximumLineBytes {
                    rest.append(byte)
                }
            }
        }
        if !rest.isEmpty { body(rest) }
    }
}
