import ArgumentParser
import CommandParts
import Foundation
import Gateway
import Seams
import StrictJSON

/// The log of requests.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Look at the requests that the gateway has answered.",
        discussion: """
            The gateway keeps a line for each request when `http.request_log` names a file: no bodies, queries or keys.

            Example:
              settlegate logs tail --status 4 --path /v1/refunds
              settlegate logs tail --request req_8ccc… --once
            """,
        subcommands: [Tail.self]
    )

    /// The latest lines, and those that follow.
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the latest requests, and new ones as they come."
        )
        @OptionGroup var options: GatewayOptions
        @Option(help: "How many of the latest are shown first.") var lines = 20
        @Option(help: "Only statuses that begin with this, for example 4 or 404.") var status = ""
        @Option(help: "Only paths that begin with this.") var path = ""
        @Option(help: "Only the request with this identifier.") var request: String?
        @Option(help: "text or json.") var format = OutputFormat.text
        @Flag(help: "Show the latest and end.") var once = false

        mutating func run() async throws {
            let tail = self
            try await Console.usable { try await tail.follow() }
        }

        private func follow() async throws {
            guard let file = try options.configuration().http.requestLog else {
                throw ConfigurationError(
                    "no requests are kept; name a file as http.request_log and start the gateway again"
                )
            }
            var reader = LogReader(path: file)
            for line in try reader.read().filter(matches).suffix(max(0, lines)) { show(line) }
            while !once {
                try await SystemClock().sleep(for: .milliseconds(250))
                for line in try reader.read() where matches(line) { show(line) }
            }
        }

        private func matches(_ line: JSONValue) -> Bool {
            let code = line["status"]?.integerValue.map { "\($0)" } ?? ""
            return code.hasPrefix(status) && (line["path"]?.stringValue ?? "").hasPrefix(path)
                && (request == nil || line["request_id"]?.stringValue == request)
        }

        private func show(_ line: JSONValue) {
            guard format == .text else { return Console.result(line.text) }
            let fields = ["at", "request_id", "method", "path"].map { line[$0]?.stringValue ?? "-" }
            let (status, time) = (line["status"]?.integerValue ?? 0, line["milliseconds"]?.integerValue ?? 0)
            let code = line["code"]?.stringValue.map { "  \($0)" } ?? ""
            Console.result((fields + ["\(status)", "\(time) ms"]).joined(separator: "  ") + code)
        }
    }
}

/// Reads the lines that were added to a file, also when another file has replaced it.
private struct LogReader {
    let path: String
    private var offset: UInt64 = 0
    private var rest: [UInt8] = []

    init(path: String) {
        self.path = path
    }

    /// The new lines; none while there is no file yet.
    mutating func read() throws -> [JSONValue] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        let size = try handle.seekToEnd()
        if size < offset { (offset, rest) = (0, []) }
        try handle.seek(toOffset: offset)
        let bytes = try handle.readToEnd() ?? Data()
        offset = size
        let parts = (rest + bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A line without an end is completed at the next read.
        rest = Array(parts.last ?? [])
        return parts.dropLast().compactMap { try? JSONValue(parsing: Array($0)) }
    }
}
