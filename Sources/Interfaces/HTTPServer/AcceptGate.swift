import HummingbirdCore

/// Has a server take connections only while there is room for them; the others wait in the system's queue.
///
/// Closing what is too much after it was taken is too late: a connection that was taken has a descriptor, and nobody
/// may be there who can be closed at once.
struct AcceptGate: AvailableConnectionsDelegate {
    let connections: OpenConnections

    mutating func connectionOpened() { connections.open() }
    mutating func connectionClosed() { connections.close() }
    func isAcceptingNewConnections() -> Bool { connections.makeRoom() }
}
