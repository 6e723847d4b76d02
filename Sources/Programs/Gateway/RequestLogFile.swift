import Foundation
import Logging
import Routing
import Seams
import StrictJSON
import Synchronization

/// The file with a line of JSON for each request.
///
/// Lines are written a few times a second, and the file is opened anew each time, so that it may be moved away. Lines
/// that cannot be written are dropped: a full disk, or a pipe that nobody reads, must not stop payments.
final class RequestLogFile: Sendable {
    /// The most lines that wait to be written.
    private static let limit = 10_000
    private static let interval = Duration.milliseconds(200)

    private let path: String
    private let clock: any WallClock
    private let logger: Logger
    private let waiting = Mutex<[RequestLine]>([])

    /// A log in the file at `path`.
    init(path: String, clock: any WallClock, logger: Logger) {
        self.path = path
        self.clock = clock
        self.logger = logger
    }

    /// Queues a line.
    func append(_ line: RequestLine) {
        waiting.withLock { waiting in
            if waiting.count < Self.limit { waiting.append(line) }
        }
    }

    /// Writes lines until the task is cancelled, and then the ones that are left.
    func run() async {
        var isFailing = false
        var isRunning = true
        while isRunning {
            do { try await clock.sleep(for: Self.interval) } catch { isRunning = false }
            do {
                try write()
                isFailing = false
            } catch {
                if !isFailing { logger.warning("the request log \(path) cannot be written: \(error)") }
                isFailing = true
            }
        }
    }

    private func write() throws {
        let lines = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !lines.isEmpty else { return }
        // A pipe whose reader is gone or slow makes opening and writing fail, instead of stopping this task.
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        let bytes = Array(lines.map { $0.json.text + "\n" }.joined().utf8)
        guard unsafe Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }
}
