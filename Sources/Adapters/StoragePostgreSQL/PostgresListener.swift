import CPostgres
import Foundation
import Storage
import Synchronization

/// Listens for work that another gateway has stored.
///
/// It is a hint beside polling: a notification that is lost, or a connection that breaks, costs a moment and nothing else.
final class PostgresListener: Sendable {
    /// The channel.
    static let channel = "settlegate"
    /// How long it waits on the socket before it checks whether it has to stop, in milliseconds.
    private static let patience: Int32 = 500

    private let isStopped = Mutex(false)
    let news: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(settings: String) {
        (news, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let thread = Thread { [self] in
            while !mayStop { listen(settings) }
            continuation.finish()
        }
        thread.name = "settlegate.listener"
        thread.start()
    }

    private var mayStop: Bool { isStopped.withLock { $0 } }

    func stop() { isStopped.withLock { $0 = true } }

    /// Listens on one connection until it breaks.
    private func listen(_ settings: String) {
        guard let connection = unsafe PQconnectdb(settings) else { return }
        defer { unsafe PQfinish(connection) }
        let answer = unsafe PQexec(connection, "LISTEN \(Self.channel)")
        unsafe PQclear(answer)
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            // A server that is away is asked again only after this time.
            _ = poll(nil, 0, Self.patience)
            return
        }
        // Work may have been stored before the connection was made: it is looked for.
        continuation.yield()
        while !mayStop {
            var socket = unsafe pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&socket, 1, Self.patience) > 0 else { continue }
            guard unsafe PQconsumeInput(connection) == 1 else { return }
            while let notification = unsafe PQnotifies(connection) {
                unsafe PQfreemem(notification)
                continuation.yield()
            }
        }
    }
}
