package import HTTPMessages
package import StrictJSON

/// A merchant's server talking to the gateway's REST interface, over whatever transport it is given.
package struct MerchantClient: Sendable {
    private let transport: any HTTPTransport
    private let baseURL: String
    private let key: String

    /// A client of the gateway at `baseURL` with an API key.
    package init(transport: any HTTPTransport, baseURL: String, key: String) {
        self.transport = transport
        self.baseURL = baseURL
        self.key = key
    }

    /// Reads an object.
    ///
    /// - Throws: ``UnexpectedAnswer`` for any answer but a success.
    package func get(_ path: String) async throws -> JSONValue {
        try await send(HTTPRequest(url: baseURL + path, fields: fields))
    }

    /// Posts an object under an idempotency key.
    ///
    /// - Throws: ``UnexpectedAnswer`` for any answer but a success.
    @discardableResult
    package func post(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue {
        let more = [HTTPField("Content-Type", "application/json"), HTTPField("Idempotency-Key", idempotencyKey)]
        return try await send(
            HTTPRequest(method: "POST", url: baseURL + path, fields: fields + more, body: body.bytes)
        )
    }

    /// Posts a request that should be refused; returns the problem, or nil when it succeeds.
    ///
    /// - Throws: ``UnexpectedAnswer`` for an answer that is neither.
    package func refusal(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue? {
        try await problem(422, path, body, idempotencyKey: idempotencyKey)
    }

    /// Posts a request that may conflict with the object's state; returns the problem, or nil when it succeeds.
    ///
    /// - Throws: ``UnexpectedAnswer`` for an answer that is neither.
    package func conflict(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue? {
        try await problem(409, path, body, idempotencyKey: idempotencyKey)
    }

    private func problem(
        _ status: Int,
        _ path: String,
        _ body: JSONValue,
        idempotencyKey: String
    ) async throws -> JSONValue? {
        let more = [HTTPField("Content-Type", "application/json"), HTTPField("Idempotency-Key", idempotencyKey)]
        let request = HTTPRequest(method: "POST", url: baseURL + path, fields: fields + more, body: body.bytes)
        let response = try await transport.send(request)
        guard (200..<300).contains(response.status) || response.status == status else {
            throw UnexpectedAnswer("\(path) answered \(response.status)")
        }
        return response.status == status ? try JSONValue(parsing: response.body) : nil
    }

    private var fields: [HTTPField] { [HTTPField("Authorization", "Bearer \(key)")] }

    private func send(_ request: HTTPRequest) async throws -> JSONValue {
        let response = try await transport.send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        guard (200..<300).contains(response.status) else {
            throw UnexpectedAnswer("\(request.method) answered \(response.status): \(text)")
        }
        return try JSONValue(parsing: response.body)
    }
}

/// An answer of the gateway with which the client cannot go on.
package struct UnexpectedAnswer: Error, Hashable, Sendable, CustomStringConvertible {
    /// The answer, as a sentence.
    package let reason: String

    init(_ reason: String) { self.reason = reason }

    /// The answer, as a sentence.
    package var description: String { reason }
}
