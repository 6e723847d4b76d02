package import HTTPMessages
package import Seams
import StrictJSON
import Synchronization

/// A bridge of TON Connect for tests: it stores sealed messages for each client, and sends them to its listeners.
package final class FixtureBridge: Sendable {
    /// How often a heartbeat is sent.
    private static let heartbeat = Duration.seconds(5)

    private struct Letter {
        let id: Int
        let receiver: String
        let event: [UInt8]
    }

    private struct State {
        var letters: [Letter] = []
        var listeners: [Int: (clients: Set<String>, events: AsyncStream<[UInt8]>.Continuation)] = [:]
        var last = 0
        var failures = 0
    }

    private let state = Mutex(State())
    private let clock: any WallClock

    /// A bridge without messages.
    package init(clock: any WallClock) {
        self.clock = clock
    }

    /// Sends heartbeats until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.heartbeat) } catch { break }
            tell(Array("event: heartbeat\ndata: heartbeat\n\n".utf8), to: nil)
        }
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.events.finish() }
    }

    /// Refuses the next messages.
    package func fail(times: Int) { state.withLock { $0.failures = times } }

    /// Ends all streams, as a restart of a bridge does.
    package func hangUp() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.events.finish() }
    }

    /// Answers `GET …/events` and `POST …/message`.
    package func answer(_ request: HTTPRequest) -> HTTPAnswer {
        let target = RequestTarget(request.url)
        switch (request.method, target.path.last) {
        case ("GET", "events"):
            let clients = target.parameter("client_id")?.split(separator: ",").map { String($0) } ?? []
            let last = target.parameter("last_event_id").flatMap { Int($0) } ?? 0
            return .events(events(of: Set(clients), after: last))
        case ("POST", "message"):
            guard let sender = target.parameter("client_id"), let receiver = target.parameter("to"),
                target.parameter("ttl") != nil
            else { return Self.response(400, "client_id, to and ttl are needed") }
            let isFailing = state.withLock { state in
                defer { state.failures = max(0, state.failures - 1) }
                return state.failures > 0
            }
            guard !isFailing else { return Self.response(500, "told to fail") }
            post(String(decoding: request.body, as: UTF8.self), from: sender, to: receiver)
            return Self.response(200, "OK")
        default: return Self.response(404, "a bridge has events and message")
        }
    }

    private static func response(_ status: Int, _ text: String) -> HTTPAnswer {
        let value: JSONValue = ["message": .string(text), "statusCode": .integer(Int64(status))]
        let fields = [HTTPField("Content-Type", "application/json")]
        return .response(HTTPResponse(status: status, fields: fields, body: value.bytes))
    }

    /// Stores a message, and sends it to the listeners of its receiver.
    func post(_ sealed: String, from sender: String, to receiver: String) {
        let data: JSONValue = ["from": .string(sender), "message": .string(sealed)]
        let event: [UInt8] = state.withLock { state in
            state.last += 1
            let event = Array("event: message\nid: \(state.last)\ndata: \(data.text)\n\n".utf8)
            state.letters.append(Letter(id: state.last, receiver: receiver, event: event))
            return event
        }
        tell(event, to: receiver)
    }

    private func tell(_ event: [UInt8], to receiver: String?) {
        let listeners = state.withLock { state in
            state.listeners.values.filter { listener in receiver.map { listener.clients.contains($0) } ?? true }
        }
        for listener in listeners { listener.events.yield(event) }
    }

    /// The events of some clients; stored messages come first.
    func events(of clients: Set<String>, after last: Int) -> AsyncStream<[UInt8]> {
        let (stream, events) = AsyncStream.makeStream(of: [UInt8].self)
        // Stored messages are sent before another one can be posted, so that none is left out or comes out of order.
        let number = state.withLock { state in
            events.yield(Array("event: heartbeat\ndata: heartbeat\n\n".utf8))
            for letter in state.letters where letter.id > last && clients.contains(letter.receiver) {
                events.yield(letter.event)
            }
            state.last += 1
            state.listeners[state.last] = (clients, events)
            return state.last
        }
        events.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }
}
