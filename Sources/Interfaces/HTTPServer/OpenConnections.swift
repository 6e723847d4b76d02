import NIOCore
import Synchronization

/// The open connections of a server, up to a limit.
///
/// At the limit, the connection that has waited longest without a request is closed, and no other is accepted until it
/// is gone. So clients that open connections and send nothing cannot shut out clients that send requests.
final class OpenConnections: Sendable {
    private struct State {
        var count = 0
        var last: UInt64 = 0
        var waiting: [UInt64: any Channel] = [:]
        /// The tickets of waiting connections, the oldest first; tickets that no longer wait are skipped.
        var order: [UInt64] = []
        var passed = 0
        /// The tickets of connections that are being closed.
        var leaving: Set<UInt64> = []
        /// Whether new connections are held up until there is room.
        var areHeldUp = false
    }

    private let maximum: Int
    private let state = Mutex(State())

    /// Allows `maximum` connections, and the few more that the system hands over at once.
    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Notes a connection that was opened.
    func open() { state.withLock { $0.count += 1 } }

    /// Whether there is room for another connection; if not, closes the one that has waited longest.
    ///
    /// If none waits, room is made when one begins to wait: see ``wait(_:)``.
    func makeRoom() -> Bool {
        let (hasRoom, surplus) = state.withLock { state in
            state.areHeldUp = state.count >= maximum
            return (!state.areHeldUp, Self.surplus(&state, beyond: maximum))
        }
        Self.close(surplus)
        return hasRoom
    }

    /// Notes that a connection waits for a request.
    ///
    /// - Returns: its ticket, for ``leave(_:)``.
    func wait(_ channel: any Channel) -> UInt64 {
        let (ticket, surplus) = state.withLock { state in
            // Older ones are closed first: a connection that was opened a moment ago needs time to send its request.
            let surplus = state.areHeldUp ? Self.surplus(&state, beyond: maximum) : []
            state.last += 1
            state.waiting[state.last] = channel
            state.order.append(state.last)
            return (state.last, surplus)
        }
        Self.close(surplus)
        return ticket
    }

    /// Notes that a connection has received a request, or is gone.
    func leave(_ ticket: UInt64) { state.withLock { state in Self.forget(ticket, &state) } }

    /// Notes a connection that was closed.
    func close() { state.withLock { $0.count -= 1 } }

    /// The connections to close so that there is room for another.
    private static func surplus(_ state: inout State, beyond maximum: Int) -> [any Channel] {
        var surplus: [any Channel] = []
        while state.count - state.leaving.count >= maximum, let (ticket, channel) = oldest(&state) {
            state.leaving.insert(ticket)
            surplus.append(channel)
        }
        return surplus
    }

    private static func close(_ channels: [any Channel]) {
        // Never within the call: the caller may be a handler of one of these connections.
        for channel in channels { channel.eventLoop.execute { channel.close(promise: nil) } }
    }

    private static func oldest(_ state: inout State) -> (UInt64, any Channel)? {
        while state.passed < state.order.count {
            let ticket = state.order[state.passed]
            state.passed += 1
            if let channel = state.waiting.removeValue(forKey: ticket) { return (ticket, channel) }
        }
        return nil
    }

    private static func forget(_ ticket: UInt64, _ state: inout State) {
        state.waiting[ticket] = nil
        state.leaving.remove(ticket)
        // The list is only rebuilt when more than half of it is stale, so that a ticket costs constant time on average.
        guard state.order.count > 64, state.order.count > 2 * state.waiting.count else { return }
        let waiting = state.waiting
        state.order = state.order[state.passed...].filter { waiting[$0] != nil }
        state.passed = 0
    }
}
