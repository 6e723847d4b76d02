import HTTPMessages
import Payments
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func createSubscription(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(
            "title",
            "description",
            "amount",
            "asset",
            "reference",
            "payer",
            "metadata",
            "return_url"
        )
        let asset = try asset(body.optionalText("asset") ?? "telegram:XTR", "asset")
        var request = SubscriptionRequest(
            title: try body.text("title"),
            summary: try body.text("description"),
            price: try amount(body.text("amount"), asset, "amount"),
            metadata: try body.labels("metadata")
        )
        request.reference = try body.optionalText("reference")
        request.payer = try body.optionalInteger("payer")
        request.returnURL = try body.optionalText("return_url")
        let order = request
        return try await once(call, making: SubscriptionKind.self, as: MadeObject.subscription) { id in
            try representation.json(try await settlement.openSubscription(order, for: call.merchant, id: id))
        }
    }

    func listSubscriptions(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.subscriptions(of: call.merchant, in: page)
        return list(try found.map(representation.json), of: call, page: page)
    }

    func readSubscription(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: SubscriptionID = try call.id(at: 2)
        return json(try representation.json(try await settlement.subscription(id, of: call.merchant)))
    }

    func setRenewal(_ call: APIRequest, to isRenewed: Bool) async throws -> HTTPResponse {
        _ = try call.object()
        let request = RenewalRequest(try call.id(at: 2), of: call.merchant, isRenewed: isRenewed)
        return json(try representation.json(try await settlement.setRenewal(request)))
    }
}
