import Finance
import HTTPMessages
import Money
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func listPayments(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow(
            "limit",
            "starting_after",
            "ending_before",
            "invoice",
            "rail",
            "provider",
            "asset",
            "state",
            "classification",
            "payer",
            "occurred_from",
            "occurred_until"
        )
        let page = try call.page()
        var filter = PaymentFilter()
        filter.invoice = try call.identifier("invoice", of: "an invoice")
        filter.rail = try call.word("rail")
        filter.provider = call.parameter("provider")
        filter.asset = try call.parameter("asset").map { try asset($0, "asset").id }
        filter.state = try call.word("state")
        filter.classification = try call.word("classification")
        filter.payer = call.parameter("payer")
        filter.occurredFrom = try call.moment("occurred_from")
        filter.occurredUntil = try call.moment("occurred_until")
        let wanted = PaymentList(
            of: call.merchant,
            where: filter,
            in: page,
            withPersonalData: call.access.readsPersonalData
        )
        let found = try await settlement.paymentTexts(wanted)
        return list(try await withProceeds(found, of: call), of: call, page: page)
    }

    func readPayment(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaymentID = try call.id(at: 2)
        let found = try await settlement.paymentText(
            id,
            of: call.merchant,
            withPersonalData: call.access.readsPersonalData
        )
        guard let found else { throw Problem.notFound("there is no payment \(id)") }
        return json(try await withProceeds([found], of: call)[0])
    }

    /// The payments, each with what the merchant got of it.
    private func withProceeds(_ payments: [JSONValue], of call: APIRequest) async throws -> [JSONValue] {
        let ids = try payments.map { try PaymentID($0["id"]?.stringValue ?? "") }
        let found = try await Finance(settlement).proceeds(of: ids, for: call.merchant)
        return try zip(payments, ids).map { payment, id in try representation.json(payment, with: found[id]) }
    }

    func erasePersonalData(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: PaymentID = try call.id(at: 2)
        return json(try await settlement.erasePersonalData(ErasureRequest(of: id, for: call.merchant, by: call.key)))
    }
}
