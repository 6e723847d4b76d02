import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func createLink(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(Self.invoiceMembers + ["stock"])
        let members = (body.value.members ?? []).filter { $0.key != "stock" && !$0.value.isNull }
        let request = LinkRequest(
            invoice: try invoiceRequest(body),
            template: JSONValue.object(members).text,
            stock: try stock(body)
        )
        return try await once(call, making: PaymentLinkKind.self, as: MadeObject.paymentLink) { id in
            let link = try await settlement.makeLink(request, for: call.merchant, id: id)
            return try representation.json(link, taken: 0)
        }
    }

    private func stock(_ body: JSONBody) throws -> Int? {
        try body.optionalInteger("stock").map { Int(clamping: $0) }
    }

    func listLinks(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.links(of: call.merchant, in: page)
        return list(try found.map { try representation.json($0.link, taken: $0.taken) }, of: call, page: page)
    }

    func readLink(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaymentLinkID = try call.id(at: 2)
        guard let (link, taken) = try await settlement.link(id), link.merchant == call.merchant else {
            throw Problem.notFound()
        }
        return json(try representation.json(link, taken: taken))
    }

    func updateLink(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("stock", "active")
        let id: PaymentLinkID = try call.id(at: 2)
        // A stock of null is unlimited; without the member the stock stays as it is.
        let change = LinkChange(
            id,
            of: call.merchant,
            changesStock: body.value["stock"] != nil,
            stock: try stock(body),
            isActive: try body.optionalFlag("active")
        )
        let (link, taken) = try await settlement.changeLink(change)
        return json(try representation.json(link, taken: taken))
    }
}
