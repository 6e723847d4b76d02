import Money
package import Payments
package import Records
package import Seams

/// Payment links.
extension SQLSession {
    private static var linkColumns: String {
        """
        l.id, l.merchant, l.title, l.summary, l.asset, l.price, l.template, l.stock, l.is_active, l.created_at
        """
    }

    /// Stores a new link.
    package func insert(_ link: PaymentLink) throws {
        try execute(
            """
            INSERT INTO payment_links (book, id, merchant, title, summary, asset, price, template, stock, is_active, created_at)
            VALUES ($11, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .id(link.id), .id(link.merchant), .text(link.title), .text(link.summary), .asset(link.price),
                .units(link.price), .text(link.template), .integer(link.stock.map(Int64.init)),
                .integer(link.isActive ? 1 : 0), .moment(link.createdAt), try place(of: link.merchant),
            ]
        )
    }

    /// Stores a link's stock and whether it sells.
    package func update(_ link: PaymentLink) throws {
        try execute(
            "UPDATE payment_links SET stock = $1, is_active = $2 WHERE book = $4 AND id = $3",
            [
                .integer(link.stock.map(Int64.init)), .integer(link.isActive ? 1 : 0), .id(link.id),
                try place(of: link.merchant),
            ]
        )
    }

    /// A link.
    package func paymentLink(_ id: PaymentLinkID) throws -> PaymentLink? {
        try first(
            "SELECT \(Self.linkColumns) FROM payment_links l WHERE \(within("l")) AND l.id = $1",
            [.id(id)]
        ) { try $0.paymentLink() }
    }

    /// A merchant's links, the newest first.
    package func paymentLinks(of merchant: MerchantID, in page: Page) throws -> [PaymentLink] {
        let filter = try owned(by: merchant, in: "l")
        return try list(
            Self.linkColumns,
            from: "payment_links l",
            id: "l.id",
            of: PaymentLinkKind.self,
            filter,
            in: page
        ) {
            try $0.paymentLink()
        }
    }

    /// How many pieces of a link are taken: those that are sold and, for a short time, those that are partly paid.
    ///
    /// An unpaid invoice takes none, so that nobody can keep the stock from others for free.
    ///
    /// - Parameters:
    ///   - link: the link.
    ///   - start: invoices that were opened before take a piece only when they are settled.
    ///   - invoice: an invoice that is not counted.
    /// - Throws: what the database throws.
    /// - Returns: how many.
    package func taken(
        of link: PaymentLinkID,
        since start: Timestamp,
        besides invoice: InvoiceID? = nil
    ) throws -> Int {
        let begun = try all(
            """
            SELECT i.asset, i.received, i.asset, i.price FROM invoices i WHERE \(within("i")) AND i.payment_link = $1
            AND i.state = \(InvoiceStateMachine.State.processing.code) AND i.created_at > $2 AND i.id <> $3
            """,
            [.id(link), .moment(start), invoice.map { .id($0) } ?? .blob([])]
        ) { try PaymentLink.holdsPiece(received: $0.amount(), of: $0.amount()) }
        return try sold(of: link, besides: invoice) + begun.count { $0 }
    }

    /// How many pieces of a link are sold, not counting one invoice.
    package func sold(of link: PaymentLinkID, besides invoice: InvoiceID? = nil) throws -> Int {
        try first(
            """
            SELECT COUNT(*) FROM invoices i WHERE \(within("i")) AND i.payment_link = $1
            AND i.state = \(InvoiceStateMachine.State.settled.code) AND i.id <> $2
            """,
            [.id(link), invoice.map { .id($0) } ?? .blob([])]
        ) { try $0.int() } ?? 0
    }

    /// Notes that the last piece of a merchant's link is sold.
    package func insertSoldLink(_ link: PaymentLinkID, of merchant: MerchantID) throws {
        try execute(
            "INSERT INTO sold_links (book, link) VALUES ($2, $1) ON CONFLICT (book, link) DO NOTHING",
            [.id(link), try place(of: merchant)]
        )
    }

    /// Links whose last piece is sold, and of which invoices may be open.
    package func soldLinks(limit: Int) throws -> [PaymentLinkID] {
        try all("SELECT link FROM sold_links ORDER BY link LIMIT $1", [.integer(Int64(limit))]) { try $0.id() }
    }

    /// Forgets that the last piece of a link is sold.
    package func deleteSoldLink(_ link: PaymentLinkID) throws {
        try execute("DELETE FROM sold_links WHERE \(within()) AND link = $1", [.id(link)])
    }

    /// The unpaid invoices of a link.
    package func unpaidInvoices(of link: PaymentLinkID, limit: Int) throws -> [Invoice] {
        try all(
            """
            SELECT \(Self.invoiceColumns) FROM invoices i WHERE \(within("i")) AND i.payment_link = $1
            AND i.state = \(InvoiceStateMachine.State.new.code) LIMIT $2
            """,
            [.id(link), .integer(Int64(limit))]
        ) { try $0.invoice() }
    }
}

extension SQLRow {
    fileprivate mutating func paymentLink() throws -> PaymentLink {
        PaymentLink(
            id: try id(),
            merchant: try id(),
            title: try text(),
            summary: try text(),
            price: try amount(),
            template: try text(),
            stock: try optionalInteger().map { Int($0) },
            isActive: try int() == 1,
            createdAt: try moment()
        )
    }
}
