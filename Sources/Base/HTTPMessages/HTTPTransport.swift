package import Seams

/// Sends requests to other servers.
///
/// The process's only way out over HTTP: libcurl in production, the fixtures' own handlers in a deterministic run.
package protocol HTTPTransport: Sendable {
    /// Sends a request and waits for the whole response.
    ///
    /// Any status is a response, also 404 and 500; redirects are not followed.
    ///
    /// - Throws: ``HTTPTransportError``; what happened to the request is unknown unless its code says otherwise.
    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse

    /// Sends a request and yields the body of a successful answer piece by piece, as it arrives.
    ///
    /// The request's timeout limits the whole stream, and ``HTTPRequest/maximumResponseBytes`` the bytes that wait to
    /// be read. The stream ends with an ``HTTPTransportError`` when the connection ends, or when the answer's status is
    /// not 2xx.
    func stream(_ request: HTTPRequest) -> AsyncThrowingStream<[UInt8], any Error>
}

extension HTTPTransport {
    /// The whole body as one piece: for transports whose answers end.
    package func stream(_ request: HTTPRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { pieces in
            let task = Task {
                do {
                    let response = try await send(request)
                    guard (200..<300).contains(response.status) else {
                        throw HTTPTransportError(.refused, "the server answers with status \(response.status)")
                    }
                    pieces.yield(response.body)
                    pieces.finish()
                } catch { pieces.finish(throwing: error) }
            }
            pieces.onTermination = { _ in task.cancel() }
        }
    }
}

/// One field of a request's or response's head.
package struct HTTPField: Hashable, Sendable {
    /// The name, compared without regard to case.
    package let name: String
    /// The value, without line breaks.
    package let value: String

    /// A field with a name and a value.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether it has a name, without regard to case (RFC 9110, section 5.1).
    package func isCalled(_ name: String) -> Bool {
        let (own, other) = (self.name.utf8, name.utf8)
        return own.count == other.count && zip(own, other).allSatisfy { Self.lowered($0) == Self.lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

/// A request to a server.
package struct HTTPRequest: Sendable {
    /// The method, in upper case.
    package var method: String
    /// The absolute URL.
    package var url: String
    /// The fields of the head.
    package var fields: [HTTPField]
    /// The body.
    package var body: [UInt8]
    /// How long the whole exchange may take.
    package var timeout: Duration
    /// The most bytes of the response's body.
    package var maximumResponseBytes: Int
    /// The address of the client, for a request that was received.
    package var peer: String?
    /// For what it is made, where a server takes a limited number of requests.
    package var priority = RequestPriority.scan

    /// The field by which a server marks a request whose body was too large to read, so that the handler can answer it.
    package static let bodyTooLargeField = "settlegate-body-too-large"

    /// A request; by default it waits ten seconds and accepts eight megabytes.
    package init(
        method: String = "GET",
        url: String,
        fields: [HTTPField] = [],
        body: [UInt8] = [],
        timeout: Duration = .seconds(10),
        maximumResponseBytes: Int = 8 << 20
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.timeout = timeout
        self.maximumResponseBytes = maximumResponseBytes
    }

    /// The value of the first field with a name.
    package func field(_ name: String) -> String? { fields.value(of: name) }
}

/// The response of a server.
package struct HTTPResponse: Hashable, Sendable {
    /// The status code.
    package var status: Int
    /// The fields of the head.
    package var fields: [HTTPField]
    /// The body.
    package var body: [UInt8]

    /// A response.
    package init(status: Int, fields: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The value of the first field with a name.
    package func field(_ name: String) -> String? { fields.value(of: name) }

    /// The response without the secrets of a gate, which the server may repeat.
    package func cut(by gate: SecretGate) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: fields.map { HTTPField(gate.cut($0.name), gate.cut($0.value)) },
            body: gate.cut(body)
        )
    }
}

extension [HTTPField] {
    fileprivate func value(of name: String) -> String? { first { $0.isCalled(name) }?.value }
}
