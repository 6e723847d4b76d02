package import Payments
import Seams
package import Storage

/// A merchant's request for a payment link.
package struct LinkRequest: Sendable {
    /// The invoice that is opened each time.
    package let invoice: InvoiceRequest
    /// The same as JSON, as the merchant wrote it.
    package let template: String
    /// How many can be sold; nil: no limit.
    package let stock: Int?

    /// A request for a payment link.
    package init(invoice: InvoiceRequest, template: String, stock: Int?) {
        self.invoice = invoice
        self.template = template
        self.stock = stock
    }
}

/// A merchant's change of a payment link.
///
/// One value, for the same reason as ``RefundRequest``.
package struct LinkChange: Sendable {
    /// The link.
    package let link: PaymentLinkID
    /// Who changes it.
    package let merchant: MerchantID
    /// Whether the stock changes.
    package let changesStock: Bool
    /// The stock, when it changes; nil: no limit.
    package let stock: Int?
    /// Whether it sells; nil: as before.
    package let isActive: Bool?

    /// A change of a link.
    package init(_ link: PaymentLinkID, of merchant: MerchantID, changesStock: Bool, stock: Int?, isActive: Bool?) {
        self.link = link
        self.merchant = merchant
        self.changesStock = changesStock
        self.stock = stock
        self.isActive = isActive
    }
}

/// A visitor who opens invoices by a link: a customer whom Telegram names, or everybody on a network.
package struct LinkVisitor: Hashable, Sendable {
    /// The name that the visitor is counted under: a digest, which does not reveal who it is.
    package let name: String
    /// How many invoices the visitor has open at most.
    package let places: Int

    /// A visitor who may have so many invoices open.
    package init(name: String, places: Int) {
        self.name = name
        self.places = places
    }
}

extension Settlement {
    /// The largest stock of a link.
    package static let stockLimit = 1_000_000_000

    /// Makes a link by which each customer opens an invoice of their own.
    ///
    /// A repeated call with the same identifier returns the existing link.
    ///
    /// - Throws: ``SettlementError`` when its invoice could not be opened on each named rail: a customer could not pay
    ///   it.
    /// - Returns: the link.
    package func makeLink(
        _ request: LinkRequest,
        for merchant: MerchantID,
        id: PaymentLinkID
    ) async throws -> PaymentLink {
        let now = clock.now()
        try Self.validate(stock: request.stock)
        try rehearse(request.invoice, for: merchant, at: now)
        let link = PaymentLink(
            id: id,
            merchant: merchant,
            title: request.invoice.title,
            summary: request.invoice.summary,
            price: request.invoice.price,
            template: request.template,
            stock: request.stock,
            createdAt: now
        )
        return try await write(for: merchant) { session in
            if let existing = try session.paymentLink(id) { return existing }
            try session.insert(link)
            return link
        }
    }

    /// Changes a link's stock, or whether it sells.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's link.
    /// - Returns: the link, and how many are taken.
    package func changeLink(_ change: LinkChange) async throws -> (link: PaymentLink, taken: Int) {
        try Self.validate(stock: change.stock)
        return try await write(for: change.merchant) { session in
            guard var link = try session.paymentLink(change.link), link.merchant == change.merchant else {
                throw SettlementError(.notFound, "there is no payment link \(change.link)")
            }
            if change.changesStock { link.stock = change.stock }
            if let isActive = change.isActive { link.isActive = isActive }
            try session.update(link)
            if try isSoldOut(link.id, in: session) { try session.insertSoldLink(link.id, of: link.merchant) }
            return (link, try taken(of: link.id, in: session))
        }
    }

    private static func validate(stock: Int?) throws(SettlementError) {
        guard let stock, !(0...stockLimit).contains(stock) else { return }
        throw SettlementError(.invalidRequest, "stock lies between 0 and \(stockLimit)", parameter: "stock")
    }

    // MARK: - The stock

    /// For how long after its opening a partly paid invoice holds a piece.
    private static let holding = Duration.seconds(3_600)
    /// The most invoices that are ended in one unit of work.
    private static let endingLimit = 100

    /// How many pieces of a link are sold or being paid.
    ///
    /// - Throws: what the database throws.
    package func taken(
        of link: PaymentLinkID,
        besides invoice: InvoiceID? = nil,
        in session: any SQLSession
    ) throws -> Int {
        try session.taken(of: link, since: clock.now().advanced(by: .zero - Self.holding), besides: invoice)
    }

    /// Refuses to open an invoice of a link that is inactive or sold out.
    ///
    /// Opening takes no piece: a piece is taken when it is paid, so that nobody can hold the stock for free.
    func requireStock(of id: PaymentLinkID?, in session: any SQLSession) throws {
        guard let id else { return }
        guard let link = try session.paymentLink(id), link.isActive else {
            throw SettlementError(.invalidState, "this is not sold any more")
        }
        guard link.stock != nil, link.left(taken: try taken(of: id, in: session)) == 0 else { return }
        throw SettlementError(.invalidState, "this is sold out")
    }

    /// Gives an invoice one of its visitor's places, in the unit of work that stores it.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/conflict`` when all of them are taken.
    func takePlace(for invoice: Invoice, of visitor: LinkVisitor, at now: Timestamp, in session: any SQLSession) throws
    {
        guard let link = invoice.paymentLink else { return }
        let open = try session.openVisits(of: visitor.name, to: link, at: now)
        guard let place = (0..<visitor.places).first(where: { open[$0] == nil }) else {
            throw SettlementError(.conflict, "too many invoices of this link are open: pay one of them first")
        }
        try session.visit(link, by: visitor.name, place: place, invoice: invoice)
    }

    /// The invoice of a link that a visitor has open; nil when there is none, or several.
    ///
    /// - Throws: what the database throws.
    package func openInvoice(of link: PaymentLinkID, by visitor: LinkVisitor) async throws -> InvoiceWithOptions? {
        guard visitor.places == 1 else { return nil }
        let now = clock.now()
        return try await database.read { session in
            guard let id = try session.openVisits(of: visitor.name, to: link, at: now).values.first,
                let invoice = try session.invoice(id)
            else { return nil }
            return try InvoiceWithOptions(invoice, in: session)
        }
    }

    /// How many pieces of its link are left for an invoice that is about to be paid; nil when there is no limit.
    func pieces(for invoice: Invoice, in session: any SQLSession) throws -> Int? {
        guard let id = invoice.paymentLink, let stock = try session.paymentLink(id)?.stock else { return nil }
        return try stock - taken(of: id, besides: invoice.id, in: session)
    }

    /// Whether a link's whole stock was sold to other invoices than this one.
    ///
    /// The first payment that is final gets the last piece. The state of the invoice does not matter: one that ended
    /// because the link was sold out is as late as one that is still open.
    func isGone(for invoice: Invoice, in session: any SQLSession) throws -> Bool {
        guard let id = invoice.paymentLink, let stock = try session.paymentLink(id)?.stock else { return false }
        return try session.sold(of: id, besides: invoice.id) >= stock
    }

    /// Has the link's other open invoices expire when the last piece was sold.
    func noteSale(of invoice: Invoice, in session: any SQLSession) throws {
        guard let id = invoice.paymentLink else { return }
        try session.release(invoice.id)
        guard try isSoldOut(id, in: session) else { return }
        try session.insertSoldLink(id, of: invoice.merchant)
    }

    private func isSoldOut(_ id: PaymentLinkID, in session: any SQLSession) throws -> Bool {
        guard let stock = try session.paymentLink(id)?.stock else { return false }
        return try session.sold(of: id) >= stock
    }

    /// Expires the unpaid invoices of links that are sold out, some at a time.
    ///
    /// - Throws: what the database throws; nothing is changed then.
    /// - Returns: how many ended.
    @discardableResult
    package func endInvoicesOfSoldLinks() async throws -> Int {
        guard try await !database.read({ try $0.soldLinks(limit: 1) }).isEmpty else { return 0 }
        let now = clock.now()
        return try await database.write { session in
            guard let link = try session.soldLinks(limit: 1).first else { return 0 }
            guard try isSoldOut(link, in: session) else {
                // There is stock again.
                try session.deleteSoldLink(link)
                return 0
            }
            let open = try session.unpaidInvoices(of: link, limit: Self.endingLimit)
            for invoice in open {
                var updated = invoice
                _ = try updated.status.apply(.expired)
                try session.update(&updated, from: invoice)
                try announce(.expired, updated, at: now, in: session)
            }
            if open.count < Self.endingLimit { try session.deleteSoldLink(link) }
            return open.count
        }
    }
}
