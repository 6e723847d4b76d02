import HTTPMessages
import Ledger
import Money
import Payments
import Routing
import Seams
import Settlement
import Storage
import StrictJSON
import Webhooks

extension RESTAPI {
    func listBalances(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let account = AccountID(code: AccountCode("merchant_balance"), scope: call.merchant.text)
        let now = clock.now()
        let found = try await settlement.database.read { session in
            try session.balances(of: account).map { amount in
                let balance = try amount.negated()
                let held = try session.heldPayments(of: call.merchant, asset: balance.asset, at: now).map(\.amount)
                let free = try balance.subtracting(Amount.sum(held, asset: balance.asset))
                return (balance, free.isPositive ? free : .zero(balance.asset))
            }
        }
        let data = try found.map { try representation.json(balance: $0.0, available: $0.1) }
        return json(["object": "list", "data": .array(data), "has_more": .bool(false), "url": "/v1/balances"])
    }

    // MARK: - Events

    func listEvents(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.database.read { session in
            try session.events(of: call.merchant, in: page).map { try told($0, to: call, in: session) }
        }
        return list(try found.map(Self.json), of: call, page: page)
    }

    func readEvent(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: EventID = try call.id(at: 2)
        let found = try await settlement.database.read { session -> EventRecord? in
            guard let event = try session.event(id), event.merchant == call.merchant else { return nil }
            return try told(event, to: call, in: session)
        }
        guard let found else { throw Problem.notFound() }
        return json(try Self.json(found))
    }

    /// An event as the request's key may read it.
    private func told(_ event: EventRecord, to call: APIRequest, in session: any SQLSession) throws -> EventRecord {
        call.access.readsPersonalData ? try settlement.withPersonalData(event, in: session) : event
    }

    private static func json(_ event: EventRecord) throws -> JSONValue {
        let body = try JSONValue(parsing: Array(event.body.utf8))
        return .object([.init("object", "event")] + (body.members ?? []))
    }

    func redeliver(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: EventID = try call.id(at: 2)
        let now = clock.now()
        let count = try await settlement.database.write { session -> Int in
            guard let event = try session.event(id), event.merchant == call.merchant else { throw Problem.notFound() }
            let endpoints = try session.endpoints(of: call.merchant).filter { $0.disabledAt == nil }
            for endpoint in endpoints { try session.deliver(id, to: endpoint.id, at: now) }
            return endpoints.count
        }
        return json(["object": "redelivery", "event": .string(id.text), "endpoints": .integer(Int64(count))])
    }
}
