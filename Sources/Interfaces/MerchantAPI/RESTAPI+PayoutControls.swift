import HTTPMessages
import Money
import Payments
import Routing
import Seams
import Settlement
import StrictJSON

/// Merchants' rules for payouts, and the destinations that they list.
extension RESTAPI {
    func readPolicy(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        return json(try representation.json(try await settlement.payoutRules(of: call.merchant)))
    }

    func changePolicy(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("listed_destinations_only", "delay_hours", "daily_limits")
        guard let hours = try body.optionalInteger("delay_hours") else {
            throw Problem.invalid("'delay_hours' is missing", "delay_hours")
        }
        guard (0...720).contains(hours) else {
            throw Problem.invalid("'delay_hours' lies between 0 and 720", "delay_hours")
        }
        let policy = PayoutPolicy(
            listedDestinationsOnly: try body.flag("listed_destinations_only"),
            delay: .seconds(hours * 3_600),
            dailyLimits: try limits(body)
        )
        let change = PayoutPolicyChange(to: policy, of: call.merchant, by: call.key)
        return json(try representation.json(try await settlement.changePayoutPolicy(change)))
    }

    /// The daily limits: amounts by asset.
    private func limits(_ body: JSONBody) throws -> [AssetID: Amount] {
        guard let member = body.value["daily_limits"], !member.isNull else { return [:] }
        guard let members = member.members, members.count <= 100 else {
            throw Problem.invalid("'daily_limits' is an object with at most 100 assets", "daily_limits")
        }
        var limits: [AssetID: Amount] = [:]
        for member in members {
            let name = "daily_limits.\(member.key.prefix(80))"
            guard let text = member.value.stringValue else { throw Problem.invalid("'\(name)' is an amount", name) }
            let asset = try asset(member.key, name)
            limits[asset.id] = try amount(text, asset, name)
        }
        return limits
    }

    func createDestination(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("asset", "address", "comment", "any_comment", "label")
        let (comment, takesAny) = (try body.optionalText("comment"), try body.flag("any_comment"))
        guard comment == nil || !takesAny else {
            throw Problem.unprocessable(
                "'comment' names the only comment, and 'any_comment' allows all of them",
                "comment"
            )
        }
        let request = DestinationRequest(
            try body.text("address"),
            for: try asset(body.text("asset"), "asset").id,
            comments: takesAny ? .any : .only(comment),
            label: try body.text("label"),
            of: call.merchant,
            by: call.key
        )
        return try await once(call, making: PayoutDestinationKind.self, as: MadeObject.payoutDestination) { id in
            representation.json(try await settlement.list(request, as: id))
        }
    }

    func listDestinations(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.payoutDestinations(of: call.merchant, in: page)
        return list(found.map { representation.json($0) }, of: call, page: page)
    }

    func readDestination(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        guard let found = try await settlement.payoutDestination(call.id(at: 2), of: call.merchant) else {
            throw Problem.notFound()
        }
        return json(representation.json(found))
    }

    func deleteDestination(_ call: APIRequest) async throws -> HTTPResponse {
        let id: PayoutDestinationID = try call.id(at: 2)
        guard try await settlement.removeDestination(id, of: call.merchant) else { throw Problem.notFound() }
        return json(["id": .string(id.text), "object": "payout_destination", "deleted": .bool(true)])
    }

    func readApproval(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PayoutID = try call.id(at: 2)
        return json(representation.json(try await settlement.payoutApproval(id, of: call.merchant), of: id))
    }
}
