package import StrictJSON

/// The events of a merchant from now on, in their order.
package struct EventStream: Sendable {
    private let client: MerchantClient
    private var last: String?

    /// A stream that begins after the latest event.
    package init(_ client: MerchantClient) async throws {
        self.client = client
        last = try await client.get("/v1/events?limit=1")["data"]?.arrayValue?.first?["id"]?.stringValue
    }

    /// The events since the last call.
    package mutating func next() async throws -> [JSONValue] {
        let query = last.map { "&ending_before=\($0)" } ?? ""
        let found = try await client.get("/v1/events?limit=100\(query)")["data"]?.arrayValue ?? []
        last = found.first?["id"]?.stringValue ?? last
        return found.reversed()
    }
}
