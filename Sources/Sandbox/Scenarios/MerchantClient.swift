public import HTTPMessages
public import StrictJSON

/// A merchant's server talking to the gateway's REST interface, over whatever transport it is given.
public struct MerchantClient: Sendable {
    private let transport: any HTTPTransport
    private let baseURL: String
    private let key: String

    /// A client of the gateway at `baseURL` with an API key.
    public init(transport: any HTTPTransport, baseURL: String, key: String) {
        self.transport = transport
        self.baseURL = baseURL
        self.key = key
    }

    /// Reads an object.
    ///
    /// - Throws: ``ScenarioError`` for any answer but a success.
    public func get(_ path: String) async throws -> JSONValue {
        try await send(HTTPRequest(url: baseURL + path, fields: fields))
    }

    /// Posts an object under an idempotency key.
    ///
    /// - Throws: ``ScenarioError`` for any answer but a success.
    @discardableResult
    public func post(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue {
        let more = [HTTPField("Content-Type", "application/json"), HTTPField("Idempotency-Key", idempotencyKey)]
        return try await send(
            HTTPRequest(method: "POST", url: baseURL + path, fields: fields + more, body: body.bytes)
        )
    }

    /// Posts what should be refused, and gives the problem that the answer names; returns nil when it was taken.
    ///
    /// - Throws: ``ScenarioError`` for an answer that is neither.
    public func refusal(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue? {
        try await problem(422, path, body, idempotencyKey: idempotencyKey)
    }

    /// Posts what may not be possible now, and gives the problem that the answer names; returns nil when it was taken.
    ///
    /// - Throws: ``ScenarioError`` for an answer that is neither.
    public func conflict(_ path: String, _ body: JSONValue, idempotencyKey: String) async throws -> JSONValue? {
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
            throw ScenarioError("\(path) answered \(response.status)")
        }
        return response.status == status ? try JSONValue(parsing: response.body) : nil
    }

    private var fields: [HTTPField] { [HTTPField("Authorization", "Bearer \(key)")] }

    private func send(_ request: HTTPRequest) async throws -> JSONValue {
        let response = try await transport.send(request)
        let text = String(decoding: response.body, as: UTF8.self)
        guard (200..<300).contains(response.status) else {
            throw ScenarioError("\(request.method) answered \(response.status): \(text)")
        }
        return try JSONValue(parsing: response.body)
    }
}
