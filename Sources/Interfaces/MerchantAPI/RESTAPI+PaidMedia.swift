import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func createMedia(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("chat", "title", "description", "amount", "asset", "media", "metadata")
        let asset = try asset(body.optionalText("asset") ?? "telegram:XTR", "asset")
        let request = MediaRequest(
            chat: try body.text("chat"),
            title: try body.text("title"),
            summary: try body.text("description"),
            price: try amount(body.text("amount"), asset, "amount"),
            items: try body.array("media").map(item),
            metadata: try body.labels("metadata")
        )
        return try await once(call, making: PaidMediaKind.self, as: MadeObject.paidMedia) { id in
            try representation.json(try await settlement.sellMedia(request, for: call.merchant, id: id), purchases: 0)
        }
    }

    private func item(_ value: JSONValue) throws -> PaidMedia.Item {
        let body = JSONBody(value: value)
        for member in value.members ?? [] where !["type", "media"].contains(member.key) {
            throw Problem.invalid("a picture or video has no member '\(member.key.prefix(40))'", "media")
        }
        return PaidMedia.Item(kind: try body.word("type"), media: try body.text("media"))
    }

    func listMedia(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.media(of: call.merchant, in: page)
        return list(try found.map { try representation.json($0.media, purchases: $0.purchases) }, of: call, page: page)
    }

    func readMedia(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaidMediaID = try call.id(at: 2)
        guard let found = try await settlement.media(id, of: call.merchant) else { throw Problem.notFound() }
        return json(try representation.json(found.media, purchases: found.purchases))
    }
}
