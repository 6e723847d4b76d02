/// The target of a request: the parts of its path as they are written, and its query, percent-decoded (RFC 3986).
package struct RequestTarget: Sendable {
    /// The parts of the path, as they are written.
    package let path: [String]
    /// The query, in its order.
    package let query: [(key: String, value: String)]

    /// The target of a URL without scheme and host.
    package init(_ url: String) {
        // Bytes are compared, not characters, so that a slash with a combining mark is still a slash.
        let bytes = url.utf8
        let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        path = bytes[..<end].split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        query = bytes[end...].dropFirst().split(separator: UInt8(ascii: "&")).map { pair in
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (
                Self.decoded(sides[0], isQuery: true), sides.count == 2 ? Self.decoded(sides[1], isQuery: true) : ""
            )
        }
    }

    /// The value of a query parameter, the first when it comes several times.
    package func parameter(_ name: String) -> String? { query.first { $0.key == name }?.value }

    /// A part of a path, percent-decoded, so that it may hold a slash.
    package static func decoded(part: String) -> String { decoded(Substring(part).utf8, isQuery: false) }

    /// In a query, a plus is a space (WHATWG URL, application/x-www-form-urlencoded).
    private static func decoded(_ text: Substring.UTF8View, isQuery: Bool) -> String {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%"), let high = iterator.next(), let low = iterator.next(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
            } else {
                bytes.append(isQuery && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The answer of a server: a response that ends, or the pieces of one that does not (`text/event-stream`).
package enum HTTPAnswer: Sendable {
    /// A response.
    case response(HTTPResponse)
    /// The pieces of a stream of events.
    case events(AsyncStream<[UInt8]>)
}
