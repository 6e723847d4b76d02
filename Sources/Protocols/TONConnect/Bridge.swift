package import HTTPMessages
import StrictJSON

/// A wallet's bridge: it carries sealed messages between us and the wallet, and cannot read them (TON Connect, HTTP
/// bridge).
package struct Bridge: Sendable {
    /// A sealed message.
    package struct Letter: Hashable, Sendable {
        /// Its identifier on the bridge, by which later messages are requested.
        package let eventID: String?
        /// The sender's name.
        package let sender: String
        /// The sealed message.
        package let sealed: String
    }

    /// How long the bridge keeps a message for a side that is not listening, in seconds.
    private static let keeping = 300
    private let url: String
    private let transport: any HTTPTransport

    /// The bridge at a URL without a slash at the end.
    package init(url: String, transport: any HTTPTransport) {
        self.url = url
        self.transport = transport
    }

    /// Sends a sealed message.
    ///
    /// - Parameters:
    ///   - sealed: the message.
    ///   - sender: our name.
    ///   - receiver: the wallet's name.
    ///   - topic: its subject, in one word.
    /// - Throws: ``TONConnectError`` with the code `unavailable`; it is then unknown whether the message was accepted.
    package func send(
        _ sealed: String,
        from sender: String,
        to receiver: String,
        topic: String
    ) async throws(TONConnectError) {
        let request = HTTPRequest(
            method: "POST",
            url: "\(url)/message?client_id=\(sender)&to=\(receiver)&ttl=\(Self.keeping)&topic=\(topic)",
            fields: [HTTPField("Content-Type", "text/plain;charset=UTF-8")],
            body: Array(sealed.utf8)
        )
        let response: HTTPResponse
        do { response = try await transport.send(request) } catch {
            throw TONConnectError(.unavailable, "the wallet's bridge does not answer: \(error.reason)")
        }
        guard (200..<300).contains(response.status) else {
            throw TONConnectError(.unavailable, "the wallet's bridge answers with status \(response.status)")
        }
    }

    /// Listens to the messages to a side, until the stream ends or the task is cancelled.
    ///
    /// - Parameters:
    ///   - client: our name.
    ///   - last: the identifier of the last message that was processed.
    ///   - duration: the longest time to listen.
    ///   - take: processes a message, and returns whether to go on listening.
    /// - Throws: ``TONConnectError``, and errors of `take`.
    package func listen(
        as client: String,
        after last: String?,
        for duration: Duration,
        _ take: (Letter) async throws -> Bool
    ) async throws {
        let after = last.map { "&last_event_id=\($0)" } ?? ""
        let request = HTTPRequest(
            url: "\(url)/events?client_id=\(client)\(after)",
            fields: [HTTPField("Accept", "text/event-stream")],
            timeout: duration
        )
        var reader = EventStreamReader()
        do {
            for try await piece in transport.stream(request) {
                for event in try reader.read(piece) where event.type == "message" {
                    guard let letter = Self.letter(event) else { continue }
                    guard try await take(letter) else { return }
                }
            }
        } catch let error as HTTPTransportError {
            throw TONConnectError(.unavailable, "the wallet's bridge is gone: \(error.reason)")
        }
    }

    /// The message in an event; nil when there is none that we can read.
    private static func letter(_ event: EventStreamReader.Event) -> Letter? {
        let value = try? JSONValue(parsing: Array(event.data.utf8))
        guard let sender = value?["from"]?.stringValue, let sealed = value?["message"]?.stringValue else { return nil }
        // The identifier becomes a part of a URL later, so that only a number is accepted, as every bridge uses.
        let id = event.id.flatMap { $0.utf8.count <= 64 && $0.utf8.allSatisfy(isDigit) ? $0 : nil }
        return Letter(eventID: id, sender: sender, sealed: sealed)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
