import CPostgres
import Foundation
import Storage
import Synchronization

/// Listens for work that a gateway on the database has stored.
///
/// It is a hint beside polling: a notification that is lost, or a connection that breaks, costs a moment and nothing else.
final class PostgresListener: Sendable {
    /// The channel.
    private static let channel = "settlegate"
    /// How long it waits on the socket before it checks whether it has to stop, in milliseconds.
    private static let patience: Int32 = 500

    private let isStopped = Mutex(false)
    let bell = WorkBell()

    init(settings: String) {
        let thread = Thread { [self] in
            while !mayStop { listen(settings) }
            bell.stop()
        }
        thread.name = "settlegate.listener"
        thread.start()
    }

    /// The statement that calls all gateways for work of a kind when its transaction is committed.
    static func call(for work: StoredWork) -> String { "NOTIFY \(channel), '\(work.rawValue)'" }

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
        for work in StoredWork.allCases { bell.ring(for: work) }
        while !mayStop {
            var socket = unsafe pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&socket, 1, Self.patience) > 0 else { continue }
            guard unsafe PQconsumeInput(connection) == 1 else { return }
            while let notification = unsafe PQnotifies(connection) {
                let work = unsafe StoredWork(rawValue: String(cString: notification.pointee.extra))
                unsafe PQfreemem(notification)
                if let work { bell.ring(for: work) }
            }
        }
    }
}
