import Money
public import Payments
public import Seams

/// Payment links.
extension SQLSession {
    private static var linkColumns: String {
        """
        l.id, l.merchant, l.title, l.summary, l.asset, l.price, l.template, l.stock, l.is_active, l.created_at
        """
    }

    /// Stores a new link.
    public func insert(_ link: PaymentLink) throws {
        try execute(
            """
            INSERT INTO payment_links (id, merchant, title, summary, asset, price, template, stock, is_active, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .id(link.id), .id(link.merchant), .text(link.title), .text(link.summary), .asset(link.price),
                .units(link.price), .text(link.template), .integer(link.stock.map(Int64.init)),
                .integer(link.isActive ? 1 : 0), .moment(link.createdAt),
            ]
        )
    }

    /// Stores a link's stock and whether it sells.
    public func update(_ link: PaymentLink) throws {
        try execute(
            "UPDATE payment_links SET stock = $1, is_active = $2 WHERE id = $3",
            [.integer(link.stock.map(Int64.init)), .integer(link.isActive ? 1 : 0), .id(link.id)]
        )
    }

    /// A link.
    public func paymentLink(_ id: PaymentLinkID) throws -> PaymentLink? {
        try first("SELECT \(Self.linkColumns) FROM payment_links l WHERE l.id = $1", [.id(id)]) { try $0.paymentLink() }
    }

    /// A merchant's links, the newest first.
    public func paymentLinks(of merchant: MerchantID, in page: Page) throws -> [PaymentLink] {
        let filter = Filter("l.merchant = ", .id(merchant))
        return try list(Self.linkColumns, from: "payment_links l", id: "l.id", filter, in: page) {
            try $0.paymentLink()
        }
    }

    /// How many of a link are sold or being paid.
    public func taken(of link: PaymentLinkID) throws -> Int {
        try first(
            """
            SELECT COUNT(*) FROM invoices i WHERE i.payment_link = $1 AND i.state IN ('new', 'processing', 'settled')
            """,
            [.id(link)]
        ) { try $0.int() } ?? 0
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
