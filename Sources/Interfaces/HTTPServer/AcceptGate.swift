import HummingbirdCore

/// Lets a server accept connections only while there is room for them; the others wait in the system's queue.
///
/// Closing a surplus connection after it was accepted is too late: it already has a descriptor, and perhaps no other
/// connection is idle and can be closed at once.
struct AcceptGate: AvailableConnectionsDelegate {
    let connections: OpenConnections

    mutating func connectionOpened() { connections.open() }
    mutating func connectionClosed() { connections.close() }
    func isAcceptingNewConnections() -> Bool { connections.makeRoom() }
}
