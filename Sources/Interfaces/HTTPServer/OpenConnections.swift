import NIOCore
import Synchronization

/// The open connections of a server: when there is room for no other, the one goes that has waited longest without a
/// request, and until it is gone no other is taken.
///
/// So whoever opens connections and sends nothing keeps nobody out who sends something.
final class OpenConnections: Sendable {
    private struct State {
        var count = 0
        var last: UInt64 = 0
        var waiting: [UInt64: any Channel] = [:]
        /// The tickets of those that wait, in order; those that no longer wait are passed over.
        var order: [UInt64] = []
        var passed = 0
        /// Those that were told to go and are not gone.
        var leaving: Set<UInt64> = []
        /// Whether others are not taken until there is room.
        var areHeldUp = false
    }

    private let maximum: Int
    private let state = Mutex(State())

    /// At most `maximum` connections, and the few more that the system gives at once.
    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Notes a connection that was opened.
    func open() { state.withLock { $0.count += 1 } }

    /// Whether there is room for another connection; when there is none, the one goes that has waited longest.
    ///
    /// Where nobody waits, room is made when somebody begins to: see ``wait(_:)``.
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
    /// - Returns: its ticket, by which it is told that it no longer waits.
    func wait(_ channel: any Channel) -> UInt64 {
        let (ticket, surplus) = state.withLock { state in
            // Those before it go first: one that was opened a moment ago is to have the time to ask for something.
            let surplus = state.areHeldUp ? Self.surplus(&state, beyond: maximum) : []
            state.last += 1
            state.waiting[state.last] = channel
            state.order.append(state.last)
            return (state.last, surplus)
        }
        Self.close(surplus)
        return ticket
    }

    /// Notes that a connection has a request, or is gone.
    func leave(_ ticket: UInt64) { state.withLock { state in Self.forget(ticket, &state) } }

    /// Notes a connection that was closed.
    func close() { state.withLock { $0.count -= 1 } }

    /// Those that have to go so that there is room for one.
    private static func surplus(_ state: inout State, beyond maximum: Int) -> [any Channel] {
        var surplus: [any Channel] = []
        while state.count - state.leaving.count >= maximum, let (ticket, channel) = oldest(&state) {
            state.leaving.insert(ticket)
            surplus.append(channel)
        }
        return surplus
    }

    private static func close(_ channels: [any Channel]) {
        // Never within the call: a handler of the connection itself may be what has brought us here.
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
        // Each ticket is moved once for each time that half of the list is thrown away.
        guard state.order.count > 64, state.order.count > 2 * state.waiting.count else { return }
        let waiting = state.waiting
        state.order = state.order[state.passed...].filter { waiting[$0] != nil }
        state.passed = 0
    }
}
