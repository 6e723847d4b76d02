import Synchronization

/// Calls the duties that deal with pushed messages while they are being done, so that a message that hangs delays none
/// that comes later.
final class InboxBell: Sendable {
    private let listeners = Mutex<[String: @Sendable () -> Void]>([:])

    /// Has a duty called from now on, until it ends.
    func listen(_ duty: String, _ call: @escaping @Sendable () -> Void) { listeners.withLock { $0[duty] = call } }

    /// Calls a duty no more.
    func end(_ duty: String) { listeners.withLock { $0[duty] = nil } }

    /// Calls the duties that are being done.
    func ring() {
        for call in listeners.withLock({ Array($0.values) }) { call() }
    }
}
