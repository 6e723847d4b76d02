import Checkout
import HTTPMessages
import Payments
import Seams
import Settlement
import Storage
import StrictJSON

extension GatewayAPI {
    func createLink(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(Self.invoiceMembers + ["stock"])
        let members = (body.value.members ?? []).filter { $0.key != "stock" && !$0.value.isNull }
        let request = LinkRequest(
            invoice: try invoiceRequest(body),
            template: JSONValue.object(members).text,
            stock: try stock(body)
        )
        return try await once(call, making: PaymentLinkKind.self) { id in
            let link = try await settlement.makeLink(request, for: call.merchant, id: id)
            return try representation.json(link, taken: 0)
        } exists: { session, id in
            try session.paymentLink(id) != nil
        }
    }

    private func stock(_ body: JSONBody) throws -> Int? {
        try body.optionalInteger("stock").map { Int(clamping: $0) }
    }

    func listLinks(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before")
        let page = try call.page()
        let found = try await settlement.database.read { session in
            try session.paymentLinks(of: call.merchant, in: page).map {
                ($0, try settlement.taken(of: $0.id, in: session))
            }
        }
        return list(try found.map { try representation.json($0.0, taken: $0.1) }, of: call, page: page)
    }

    func readLink(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaymentLinkID = try call.id(at: 2)
        guard let (link, taken) = try await link(id), link.merchant == call.merchant else { throw Problem.notFound() }
        return json(try representation.json(link, taken: taken))
    }

    private func link(_ id: PaymentLinkID) async throws -> (PaymentLink, Int)? {
        try await settlement.database.read { session in
            try session.paymentLink(id).map { ($0, try settlement.taken(of: id, in: session)) }
        }
    }

    func updateLink(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("stock", "active")
        let id: PaymentLinkID = try call.id(at: 2)
        // A stock of null is as many as are asked for; without the member it stays.
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

    // MARK: - Customers

    /// The page of a link, and the invoice that a customer opens by it.
    func buy(_ request: HTTPRequest, _ text: String) async throws -> HTTPResponse {
        guard ["GET", "POST"].contains(request.method) else { throw Problem.methodNotAllowed(["GET", "POST"]) }
        guard let id = try? PaymentLinkID(text), let (link, taken) = try await link(id) else {
            throw Problem.notFound()
        }
        let merchant = try await settlement.database.read { try $0.merchant(link.merchant)?.name } ?? ""
        let isSold = !link.isActive || link.left(taken: taken) == 0
        if request.method == "GET" { return try checkout.linkPage(link, merchant: merchant, isSold: isSold, request) }
        try checkout.requireOwnPage(request)
        let customer = try checkout.customer(buying: link, request)
        // Who comes back, or taps twice, pays what is open already.
        if let open = try await openInvoice(of: link, knownTo: request, customer) {
            return checkout.redirect(to: open, of: link, isNew: false)
        }
        let network = Visitor(request)
        let allowance = network.map { visitors.take($0.text) } ?? limiter.take(link.id.text)
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        var order = try invoiceRequest(JSONBody(value: try JSONValue(parsing: Array(link.template.utf8))))
        order.paymentLink = link.id
        order.visitors = buyers(customer, network)
        do {
            let opened = try await settlement.openInvoice(order, for: link.merchant, id: settlement.identifiers.next())
            return checkout.redirect(to: opened.invoice.id, of: link, isNew: true)
        } catch let error as SettlementError where error.code == .invalidState {
            return try checkout.linkPage(link, merchant: merchant, isSold: true, request)
        } catch let error as SettlementError where error.code == .conflict && !order.visitors.isEmpty {
            // Two taps at once: the other one has opened it.
            if let open = try await openInvoice(of: link, knownTo: request, customer) {
                return checkout.redirect(to: open, of: link, isNew: false)
            }
            throw Problem.tooManyOpen(error.reason)
        }
    }

    /// Whose places a purchase takes: the customer's own, and those of the network.
    ///
    /// A bot's token names any customer, so that a network has not as many as somebody likes to name.
    private func buyers(_ customer: LinkVisitor?, _ network: Visitor?) -> [LinkVisitor] {
        guard let customer else {
            return network.map { [checkout.visitor(onNetwork: $0.text, places: Visitor.openInvoices)] } ?? []
        }
        let named = network.map { checkout.visitor(onNetwork: "\($0.text) named", places: Visitor.namedInvoices) }
        return [customer] + (named.map { [$0] } ?? [])
    }

    private func openInvoice(
        of link: PaymentLink,
        knownTo request: HTTPRequest,
        _ customer: LinkVisitor?
    ) async throws -> InvoiceID? {
        if let customer, let open = try await settlement.openInvoice(of: link.id, by: customer) {
            return open.invoice.id
        }
        guard let id = checkout.invoiceBought(by: link.id, request),
            let found = try await settlement.database.read({ try $0.invoice(id) }),
            found.paymentLink == link.id, found.status.state == .new, clock.now() < found.expiresAt
        else { return nil }
        return id
    }
}
