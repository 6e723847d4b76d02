import NIOCore
import Synchronization

/// The open connections of a server: when there are too many, the one goes that has waited longest without a request.
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
    }

    private let maximum: Int
    private let state = Mutex(State())

    /// At most `maximum` connections.
    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Notes a connection that was opened.
    func open() {
        let surplus: (any Channel)? = state.withLock { state in
            state.count += 1
            return state.count > maximum ? Self.oldest(&state) : nil
        }
        surplus?.close(promise: nil)
    }

    /// Notes that a connection waits for a request.
    ///
    /// - Returns: its ticket, by which it is told that it no longer waits.
    func wait(_ channel: any Channel) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.waiting[state.last] = channel
            state.order.append(state.last)
            return state.last
        }
    }

    /// Notes that a connection has a request, or is gone.
    func leave(_ ticket: UInt64) { state.withLock { state in Self.forget(ticket, &state) } }

    /// Notes a connection that was closed.
    func close() { state.withLock { $0.count -= 1 } }

    private static func oldest(_ state: inout State) -> (any Channel)? {
        while state.passed < state.order.count {
            let ticket = state.order[state.passed]
            state.passed += 1
            if let channel = state.waiting.removeValue(forKey: ticket) { return channel }
        }
        return nil
    }

    private static func forget(_ ticket: UInt64, _ state: inout State) {
        state.waiting[ticket] = nil
        // Each ticket is moved once for each time that half of the list is thrown away.
        guard state.order.count > 64, state.order.count > 2 * state.waiting.count else { return }
        let waiting = state.waiting
        state.order = state.order[state.passed...].filter { waiting[$0] != nil }
        state.passed = 0
    }
}
