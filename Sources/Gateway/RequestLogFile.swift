import Foundation
import GatewayHTTP
import Logging
import StrictJSON

/// The file with a line of JSON for each request.
///
/// The file is opened anew for each batch, so that it may be moved away at any time. What cannot be written is dropped: a
/// full disk must not stop payments.
struct RequestLogFile: Sendable {
    /// The most lines that wait to be written.
    private static let limit = 10_000

    private let path: String
    private let lines: AsyncStream<RequestLine>
    private let source: AsyncStream<RequestLine>.Continuation
    private let logger: Logger

    /// A log in the file at `path`.
    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
        (lines, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.limit))
    }

    /// Has a line written.
    func append(_ line: RequestLine) { source.yield(line) }

    /// Writes until the task is cancelled.
    func run() async {
        var isFailing = false
        for await line in lines {
            do {
                try write(line.json.text + "\n")
                isFailing = false
            } catch {
                if !isFailing { logger.warning("the request log \(path) cannot be written: \(error)") }
                isFailing = true
            }
        }
    }

    private func write(_ text: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }
}
