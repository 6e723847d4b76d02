public import Payments
public import Seams
import Storage

/// What a merchant wants to sell by a link.
public struct LinkRequest: Sendable {
    /// The invoice that is opened each time.
    public let invoice: InvoiceRequest
    /// The same as JSON, as the merchant wrote it.
    public let template: String
    /// How many can be sold; none: as many as are asked for.
    public let stock: Int?

    /// A wish to sell by a link.
    public init(invoice: InvoiceRequest, template: String, stock: Int?) {
        self.invoice = invoice
        self.template = template
        self.stock = stock
    }
}

/// What a merchant changes of a link.
///
/// A value with everything in it, for the same reason as ``RefundRequest``.
public struct LinkChange: Sendable {
    /// The link.
    public let link: PaymentLinkID
    /// Who changes it.
    public let merchant: MerchantID
    /// Whether the stock changes.
    public let changesStock: Bool
    /// The stock, when it changes; none: as many as are asked for.
    public let stock: Int?
    /// Whether it sells; none: as before.
    public let isActive: Bool?

    /// A change of a link.
    public init(_ link: PaymentLinkID, of merchant: MerchantID, changesStock: Bool, stock: Int?, isActive: Bool?) {
        self.link = link
        self.merchant = merchant
        self.changesStock = changesStock
        self.stock = stock
        self.isActive = isActive
    }
}

extension Settlement {
    /// The most of one thing that a link sells.
    public static let stockLimit = 1_000_000_000

    /// Makes a link by which everybody opens invoices of their own.
    ///
    /// Making it again with the same identifier is the same link.
    ///
    /// - Throws: ``SettlementError`` when such an invoice could not be opened on each rail that is named: who would buy by it
    ///   could not pay.
    /// - Returns: the link.
    public func makeLink(
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
        return try await database.write { session in
            if let existing = try session.paymentLink(id) { return existing }
            try session.insert(link)
            return link
        }
    }

    /// Changes a link's stock, or whether it sells.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's link.
    /// - Returns: the link, and how many are taken.
    public func changeLink(_ change: LinkChange) async throws -> (link: PaymentLink, taken: Int) {
        try Self.validate(stock: change.stock)
        return try await database.write { session in
            guard var link = try session.paymentLink(change.link), link.merchant == change.merchant else {
                throw SettlementError(.notFound, "there is no payment link \(change.link)")
            }
            if change.changesStock { link.stock = change.stock }
            if let isActive = change.isActive { link.isActive = isActive }
            try session.update(link)
            return (link, try session.taken(of: link.id))
        }
    }

    private static func validate(stock: Int?) throws(SettlementError) {
        guard let stock, !(0...stockLimit).contains(stock) else { return }
        throw SettlementError(.invalidRequest, "stock lies between 0 and \(stockLimit)", parameter: "stock")
    }

    /// Takes one piece, in the unit of work that stores its invoice; it is back when the invoice ends unpaid.
    func takeFromStock(of id: PaymentLinkID?, in session: any SQLSession) throws {
        try requireStock(of: id, in: session)
    }

    /// Refuses what is not sold any more, or sold out.
    func requireStock(of id: PaymentLinkID?, in session: any SQLSession) throws {
        guard let id else { return }
        guard let link = try session.paymentLink(id), link.isActive else {
            throw SettlementError(.invalidState, "this is not sold any more")
        }
        guard link.stock != nil, link.left(taken: try session.taken(of: id)) == 0 else { return }
        throw SettlementError(.invalidState, "this is sold out")
    }
}
