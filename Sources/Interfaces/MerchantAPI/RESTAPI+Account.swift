import HTTPMessages
import Ledger
import Money
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON
import Webhooks

extension RESTAPI {
    // MARK: - Events

    func listEvents(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.events(
            of: call.merchant,
            in: page,
            withPersonalData: call.access.readsPersonalData
        )
        return list(try found.map(Self.json), of: call, page: page)
    }

    func readEvent(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: EventID = try call.id(at: 2)
        let found = try await settlement.event(
            id,
            of: call.merchant,
            withPersonalData: call.access.readsPersonalData
        )
        guard let found else { throw Problem.notFound() }
        return json(try Self.json(found))
    }

    private static func json(_ event: EventRecord) throws -> JSONValue {
        let body = try JSONValue(parsing: Array(event.body.utf8))
        return .object([.init("object", "event")] + (body.members ?? []))
    }

    func redeliver(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: EventID = try call.id(at: 2)
        guard let count = try await settlement.redeliver(id, of: call.merchant) else { throw Problem.notFound() }
        return json(["object": "redelivery", "event": .string(id.text), "endpoints": .integer(Int64(count))])
    }
}
