/// Reads `text/event-stream` piece by piece (WHATWG HTML, section 9.2).
package struct EventStreamReader: Sendable {
    /// One event.
    package struct Event: Hashable, Sendable {
        /// Its type; `message` when it has none.
        package var type = "message"
        /// The last identifier that was named.
        package var id: String?
        /// Its data.
        package var data = ""
    }

    /// The most bytes of one line, and of one event.
    private static let limit = 1 << 18

    private var line: [UInt8] = []
    private var isAfterReturn = false
    private var type = ""
    private var data: [String] = []
    private var size = 0
    private var id: String?

    /// A reader at the beginning of a stream.
    package init() {}

    /// The events that a further piece completes.
    ///
    /// - Throws: ``HTTPTransportError`` with the code `responseTooLarge` when an event is too long.
    package mutating func read(_ piece: [UInt8]) throws(HTTPTransportError) -> [Event] {
        var events: [Event] = []
        for byte in piece {
            let isReturn = byte == UInt8(ascii: "\r")
            defer { isAfterReturn = isReturn }
            guard isReturn || byte == UInt8(ascii: "\n") else {
                size += 1
                guard size <= Self.limit else {
                    throw HTTPTransportError(.responseTooLarge, "an event of the stream is too long")
                }
                line.append(byte)
                continue
            }
            // A line ends with CR, LF or both.
            if isAfterReturn, !isReturn { continue }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line = [] }
        guard !line.isEmpty else {
            defer { (type, data, size) = ("", [], 0) }
            guard !data.isEmpty else { return nil }
            return Event(type: type.isEmpty ? "message" : type, id: id, data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = halves.count == 2 ? String(halves[1]) : ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch halves[0] {
        case "event": type = value
        case "data": data.append(value)
        case "id" where !value.contains("\0"): id = value
        default: break
        }
        return nil
    }
}
