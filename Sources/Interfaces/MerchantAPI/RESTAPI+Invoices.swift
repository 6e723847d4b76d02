import HTTPMessages
import Money
import Payments
import Providers
import Records
import Routing
import Seams
package import Settlement
import StrictJSON

extension RESTAPI {
    var representation: Representation { settlement.representation }

    func createInvoice(_ call: APIRequest) async throws -> HTTPResponse {
        let request = try invoiceRequest(call.object(Self.invoiceMembers + ["payer", "reference"]))
        return try await once(call, making: InvoiceKind.self, as: MadeObject.invoice) { id in
            let invoice = try await settlement.openInvoice(request, for: call.merchant, id: id)
            return try representation.json(invoice)
        }
    }

    /// The members of an order, which invoices and payment links share.
    static let invoiceMembers = [
        "title", "description", "goods", "amount", "asset", "place", "rails", "line_items", "expires_in", "monitor_for",
        "tolerance_basis_points", "metadata", "return_url",
    ]

    /// Reads the order that a payment link keeps, for the invoice that it opens.
    ///
    /// - Throws: `Problem` when the text is no order, or names something that no longer exists.
    package func order(ofTemplate template: String) throws -> InvoiceRequest {
        try invoiceRequest(JSONBody(value: try JSONValue(parsing: Array(template.utf8))))
    }

    func invoiceRequest(_ body: JSONBody) throws -> InvoiceRequest {
        let asset = try asset(body.text("asset"), "asset")
        var request = InvoiceRequest(
            title: try body.text("title"),
            summary: try body.text("description"),
            goods: try body.word("goods"),
            price: try amount(body.text("amount"), asset, "amount")
        )
        if let place = body.value["place"], !place.isNull { request.place = try body.word("place") }
        request.choices = try body.array("rails").enumerated().map { try choice($0.element, at: "rails[\($0.offset)]") }
        request.lines = try body.array("line_items").map { try line($0, asset) }
        if let seconds = try body.optionalInteger("expires_in") { request.lifetime = .seconds(seconds) }
        if let seconds = try body.optionalInteger("monitor_for") {
            guard (0...31_536_000).contains(seconds) else {
                throw Problem.invalid("monitor_for lies between 0 and 31536000 seconds", "monitor_for")
            }
            request.monitoring = .seconds(seconds)
        }
        request.toleranceBasisPoints = Int(clamping: try body.optionalInteger("tolerance_basis_points") ?? 0)
        request.payer = try body.optionalInteger("payer")
        request.metadata = try body.labels("metadata")
        request.reference = try body.optionalText("reference")
        request.returnURL = try body.optionalText("return_url")
        return request
    }

    private func choice(_ value: JSONValue, at place: String) throws -> InvoiceRequest.Choice {
        let body = JSONBody(value: value, place: place)
        for member in value.members ?? [] where !["rail", "asset", "amount", "settings"].contains(member.key) {
            throw Problem.invalid(
                "a rail has no member '\(member.key.prefix(40))'",
                "\(place).\(member.key.prefix(40))"
            )
        }
        let rail: Rail = try body.word("rail")
        let asset = try body.optionalText("asset").map { try self.asset($0, "\(place).asset") }
        let text = try body.optionalText("amount")
        guard text == nil || asset != nil else {
            throw Problem.unprocessable("an amount needs an asset", "\(place).asset")
        }
        let amount = try text.flatMap { text in try asset.map { try self.amount(text, $0, "\(place).amount") } }
        return InvoiceRequest.Choice(rail: rail, asset: asset?.id, amount: amount, settings: try settings(of: body))
    }

    /// The settings of a rail, all of them strings; each rail defines its own.
    private func settings(of choice: JSONBody) throws -> Labels {
        guard let value = choice.value["settings"], !value.isNull else { return [:] }
        let place = choice.parameter("settings")
        guard let members = value.members else { throw Problem.invalid("'settings' is an object", place) }
        guard members.count <= 50 else { throw Problem.unprocessable("'settings' has at most 50 members", place) }
        var settings = Labels()
        for member in members {
            guard let text = member.value.stringValue else {
                throw Problem.invalid(
                    "settings are strings, also flags and numbers: \"true\", \"100\"",
                    "\(place).\(member.key.prefix(40))"
                )
            }
            settings[member.key] = text
        }
        return settings
    }

    private func line(_ value: JSONValue, _ asset: Asset) throws -> InvoiceLine {
        let body = JSONBody(value: value)
        for member in value.members ?? [] where !["label", "amount"].contains(member.key) {
            throw Problem.invalid("a line has no member '\(member.key.prefix(40))'", "line_items")
        }
        let label = try body.text("label")
        guard !label.isEmpty else { throw Problem.invalid("a line's 'label' is empty", "line_items") }
        let amount: Amount
        // A discount is a line with a negative amount; the lines sum to the price.
        do { amount = try asset.amount(body.text("amount"), allowingNegative: true) } catch let error as MoneyError {
            throw Problem.unprocessable(error.reason, "line_items")
        }
        return InvoiceLine(label: label, amount: amount)
    }

    func asset(_ text: String, _ parameter: String) throws -> Asset {
        guard let id = try? AssetID(text), let asset = settlement.assets.asset(id) else {
            throw Problem(
                SettlementError(.unknownAsset, "there is no asset '\(text.prefix(140))'", parameter: parameter)
            )
        }
        return asset
    }

    func amount(_ text: String, _ asset: Asset, _ parameter: String) throws -> Amount {
        do { return try asset.amount(text) } catch { throw Problem.unprocessable(error.reason, parameter) }
    }

    func listInvoices(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow(
            "limit",
            "starting_after",
            "ending_before",
            "state",
            "reference",
            "subscription",
            "paid_media",
            "created_from",
            "created_until"
        )
        let page = try call.page()
        var belonging = InvoiceFilter(
            state: try call.word("state"),
            reference: call.parameter("reference"),
            subscription: try call.identifier("subscription", of: "a subscription"),
            paidMedia: try call.identifier("paid_media", of: "paid media")
        )
        belonging.createdFrom = try call.moment("created_from")
        belonging.createdUntil = try call.moment("created_until")
        guard (belonging.reference?.unicodeScalars.count ?? 0) <= 128 else {
            throw Problem.invalid("a reference has at most 128 bytes", "reference")
        }
        let found = try await settlement.invoices(of: call.merchant, where: belonging, in: page)
        return list(try found.map(representation.json), of: call, page: page)
    }

    func readInvoice(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: InvoiceID = try call.id(at: 2)
        let text = try await settlement.invoiceText(id, of: call.merchant)
        guard call.access.role == .publishable else { return json(text) }
        let value = try JSONValue(parsing: text)
        // Anybody can read an invoice with a publishable key: members that only merchant and customer may see are left
        // out.
        let inner = ["metadata", "payer", "reference", "sightings", "unavailable_rails"]
        return json(.object((value.members ?? []).filter { !inner.contains($0.key) }))
    }

    func cancelInvoice(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: InvoiceID = try call.id(at: 2)
        return json(try representation.json(try await settlement.cancelInvoice(id, of: call.merchant)))
    }

    func renewQuotes(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: InvoiceID = try call.id(at: 2)
        _ = try await settlement.invoice(id, of: call.merchant)
        return json(try representation.json(try await settlement.renewQuotes(of: id)))
    }

    func lookAgain(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: InvoiceID = try call.id(at: 2)
        return json(try representation.json(try await settlement.lookAgain(at: id, of: call.merchant)))
    }

    func readRate(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("base", "quote")
        func asset(_ name: String) throws -> AssetID {
            guard let text = call.parameter(name) else { throw Problem.invalid("'\(name)' is missing", name) }
            return try self.asset(text, name).id
        }
        let (base, target) = (try asset("base"), try asset("quote"))
        guard base != target else { throw Problem.unprocessable("an asset has no rate in itself", "quote") }
        let quote = try settlement.quote(base, in: target, at: clock.now())
        return json(.object([.init("object", "rate")] + (representation.json(quote).members ?? [])))
    }
}
