import HTTPMessages
import Payments
import Records
import Routing
import Seams
import Settlement

/// The invoice that a customer opens by a payment link.
extension Checkout {
    /// Answers a request for a link's page, or for an invoice of what it sells; returns nil when nothing is sold here.
    func buy(_ target: CheckoutTarget) async throws -> HTTPResponse? {
        guard let sales else { return nil }
        let request = target.request
        guard ["GET", "POST"].contains(request.method) else { throw CheckoutError.methodNotAllowed(["GET", "POST"]) }
        guard let id = try? PaymentLinkID(target.path[1]), let (link, taken) = try await settlement.link(id) else {
            throw CheckoutError.notFound
        }
        let merchant = try await settlement.merchant(link.merchant)?.name ?? ""
        let isSold = !link.isActive || link.left(taken: taken) == 0
        if request.method == "GET" { return try linkPage(link, merchant: merchant, isSold: isSold, target) }
        try target.requireOwnPage()
        let customer = try customer(buying: link, request)
        // A customer who comes back, or taps twice, pays the invoice that is already open.
        if let open = try await openInvoice(of: link, knownTo: target, customer) {
            return redirect(to: open, of: link, isNew: false)
        }
        let order = try order(of: link, by: customer, request, sales)
        do {
            let opened = try await settlement.openInvoice(order, for: link.merchant, id: settlement.identifiers.next())
            return redirect(to: opened.invoice.id, of: link, isNew: true)
        } catch let error as SettlementError where error.code == .invalidState {
            return try linkPage(link, merchant: merchant, isSold: true, target)
        } catch let error as SettlementError where error.code == .conflict && !order.visitors.isEmpty {
            // Two taps at once: the other request has opened the invoice.
            if let open = try await openInvoice(of: link, knownTo: target, customer) {
                return redirect(to: open, of: link, isNew: false)
            }
            throw Problem.tooManyOpenInvoices(error.reason)
        }
    }

    /// The order of a purchase by a link.
    ///
    /// - Throws: `Problem` when the visitor has opened too many invoices, and what reading the order throws.
    private func order(
        of link: PaymentLink,
        by customer: LinkVisitor?,
        _ request: HTTPRequest,
        _ sales: CheckoutSales
    ) throws -> InvoiceRequest {
        let network = Visitor(request)
        let allowance = network.map { sales.visitors.take($0.text) } ?? sales.links.take(link.id.text)
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        var order = try sales.order(link.template)
        order.paymentLink = link.id
        order.visitors = buyers(customer, network)
        return order
    }

    /// The visitors against whose limits a purchase counts: the customer's own, and the network's.
    ///
    /// A bot's token can name any customer, so that a network's customers are limited together.
    private func buyers(_ customer: LinkVisitor?, _ network: Visitor?) -> [LinkVisitor] {
        guard let customer else {
            return network.map { [visitor(onNetwork: $0.text, places: Visitor.openInvoices)] } ?? []
        }
        let named = network.map { visitor(onNetwork: "\($0.text) named", places: Visitor.namedInvoices) }
        return [customer] + (named.map { [$0] } ?? [])
    }

    /// The invoice of a link that is open already for a customer or a browser.
    private func openInvoice(
        of link: PaymentLink,
        knownTo target: CheckoutTarget,
        _ customer: LinkVisitor?
    ) async throws -> InvoiceID? {
        if let customer, let open = try await settlement.openInvoice(of: link.id, by: customer) {
            return open.invoice.id
        }
        guard let id = invoiceBought(by: link.id, target),
            let found = try await settlement.customerView(id)?.invoice.invoice,
            found.paymentLink == link.id, found.status.state == .new, settlement.clock.now() < found.expiresAt
        else { return nil }
        return id
    }
}

extension Problem {
    fileprivate static func tooManyOpenInvoices(_ reason: String) -> Self {
        Self(
            status: 429,
            code: "too_many_open_invoices",
            title: "Too many open invoices",
            detail: reason,
            fields: [HTTPField("Retry-After", "60")]
        )
    }
}
