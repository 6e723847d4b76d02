package import Money
package import Payments
package import Records
import Seams
import StrictJSON

/// The ways to pay invoices.
extension SQLSession {
    private static var optionColumns: String {
        """
        o.id, o.invoice, o.rail, o.provider, o.asset, o.due, o.price_asset, o.price, o.quote, o.link, o.address,
        o.comment, o.reference_scope, o.reference_value, o.settings, o.renewals
        """
    }

    /// Stores a way to pay an invoice of a merchant, and its reference.
    package func insert(_ option: PaymentOption, of merchant: MerchantID) throws {
        let place = try place(of: merchant)
        let (link, address, comment) = option.instruction.columns
        try execute(
            """
            INSERT INTO payment_options (book, id, invoice, rail, provider, asset, due, price_asset, price, quote, link,
            address, comment, reference_scope, reference_value, settings)
            VALUES ($16, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                .id(option.id), .id(option.invoice), .code(option.rail), .text(option.provider),
                .asset(option.due), .units(option.due), .asset(option.price), .units(option.price),
                .text(option.quote.map(QuoteText.write)), .text(link), .text(address), .text(comment),
                .text(option.reference.scope), .text(option.reference.value),
                .text(JSONValue.object(from: option.settings).text), place,
            ]
        )
        try insertReference(of: option, in: place)
    }

    private func insertReference(of option: PaymentOption, in place: SQLValue) throws {
        try execute(
            "INSERT INTO payment_references (provider, scope, value, option, book) VALUES ($1, $2, $3, $4, $5)",
            [
                .text(option.provider), .text(option.reference.scope), .text(option.reference.value), .id(option.id),
                place,
            ]
        )
    }

    /// Stores an option of a merchant's invoice at a new quote, and keeps the one before; its earlier reference still
    /// leads to it.
    ///
    /// - Returns: whether it did; when not, somebody else has renewed it and nothing is changed.
    package func renew(_ renewed: PaymentOption, from old: PaymentOption, of merchant: MerchantID) throws -> Bool {
        let place = try place(of: merchant)
        let (link, address, comment) = renewed.instruction.columns
        let isFirst = try change(
            """
            UPDATE payment_options SET due = $1, quote = $2, link = $3, address = $4, comment = $5, reference_scope = $6,
            reference_value = $7, renewals = $8 WHERE book = $11 AND id = $9 AND renewals = $10
            """,
            [
                .units(renewed.due), .text(renewed.quote.map(QuoteText.write)), .text(link), .text(address),
                .text(comment), .text(renewed.reference.scope), .text(renewed.reference.value),
                .integer(Int64(renewed.renewals)), .id(renewed.id), .integer(Int64(old.renewals)), place,
            ]
        )
        guard isFirst == 1, let quote = old.quote else { return false }
        try execute(
            "INSERT INTO past_quotes (book, option, number, asset, due, quote) VALUES ($6, $1, $2, $3, $4, $5)",
            [
                .id(old.id), .integer(Int64(old.renewals)), .asset(old.due), .units(old.due),
                .text(QuoteText.write(quote)), place,
            ]
        )
        if renewed.reference != old.reference { try insertReference(of: renewed, in: place) }
        return true
    }

    /// The quotes of an option that were renewed, the oldest first.
    package func pastQuotes(of option: PaymentOptionID) throws -> [PastQuote] {
        try all(
            "SELECT q.asset, q.due, q.quote FROM past_quotes q WHERE \(within("q")) AND q.option = $1 ORDER BY q.number",
            [.id(option)]
        ) { PastQuote(due: try $0.amount(), quote: try QuoteText.read($0.text())) }
    }

    /// The ways to pay an invoice, in the order in which they were opened.
    package func options(of invoice: InvoiceID) throws -> [PaymentOption] {
        try all(
            "SELECT \(Self.optionColumns) FROM payment_options o WHERE \(within("o")) AND o.invoice = $1 ORDER BY o.id",
            [.id(invoice)]
        ) { try $0.option() }
    }

    /// The option that a reference names at a provider, with its invoice and related rows, by one indexed read.
    ///
    /// The same reference at another provider is not found here.
    package func option(_ reference: PaymentReference, at provider: String) throws -> OptionMatch? {
        let statement = Self.match(reference, at: provider)
        return try OptionMatch(query(statement.sql, statement.arguments))
    }

    /// The merchant whose option a reference names at a provider; nil when it names none.
    package func merchant(naming reference: PaymentReference, at provider: String) throws -> MerchantID? {
        try first(
            """
            SELECT i.merchant FROM payment_references r JOIN payment_options o ON o.book = r.book AND o.id = r.option
            AND o.provider = r.provider JOIN invoices i ON i.book = o.book AND i.id = o.invoice
            WHERE r.scope = $1 AND r.value = $2 AND r.provider = $3
            """,
            [.text(reference.scope), .text(reference.value), .text(provider)]
        ) { try $0.id() }
    }

    /// The lane of messages about the invoice that a reference at a provider pays; nil when it names nothing.
    package func lane(of reference: PaymentReference, at provider: String) throws -> String? {
        try first(
            """
            SELECT i.id, i.payment_link, i.subscription FROM payment_references r
            JOIN payment_options o ON o.book = r.book AND o.id = r.option AND o.provider = r.provider
            JOIN invoices i ON i.book = o.book AND i.id = o.invoice
            WHERE r.scope = $1 AND r.value = $2 AND r.provider = $3
            """,
            [.text(reference.scope), .text(reference.value), .text(provider)]
        ) { row in
            let (invoice, link): (InvoiceID, PaymentLinkID?) = (try row.id(), try row.optionalID())
            let subscription: SubscriptionID? = try row.optionalID()
            return InboxPlace.lane(of: invoice, of: link, of: subscription)
        }
    }

    /// The option that a reference names at another provider than the one that it came by.
    package func option(_ reference: PaymentReference, elsewhereThan provider: String) throws -> ForeignOption? {
        try first(
            """
            SELECT r.provider, i.merchant, i.id, o.asset FROM payment_references r
            JOIN payment_options o ON o.book = r.book AND o.id = r.option AND o.provider = r.provider
            JOIN invoices i ON i.book = o.book AND i.id = o.invoice
            WHERE r.scope = $1 AND r.value = $2 AND r.provider <> $3 ORDER BY r.provider LIMIT 1
            """,
            [.text(reference.scope), .text(reference.value), .text(provider)]
        ) {
            ForeignOption(
                provider: try $0.text(),
                merchant: try $0.id(),
                object: (try $0.id() as InvoiceID).text,
                asset: try AssetID($0.text())
            )
        }
    }

    /// Finds all ways to pay the invoice that a reference leads to, each with the whole invoice: there are few.
    static func match(_ reference: PaymentReference, at provider: String) -> SQLStatement {
        SQLStatement(
            """
            SELECT \(optionColumns), r.option,
            (SELECT COUNT(*) FROM sightings s WHERE s.book = i.book AND s.invoice = i.id),
            (SELECT COUNT(*) FROM cases c WHERE c.book = i.book AND c.invoice = i.id
            AND c.state = \(ExceptionCase.State.open.code)),
            (SELECT COUNT(*) FROM payments p WHERE p.book = i.book AND p.invoice = i.id),
            \(merchantColumns), \(invoiceColumns)
            FROM payment_references r JOIN payment_options n ON n.book = r.book AND n.id = r.option
            AND n.provider = r.provider JOIN invoices i ON i.book = n.book AND i.id = n.invoice
            JOIN merchants m ON m.id = i.merchant JOIN payment_options o ON o.book = i.book AND o.invoice = i.id
            WHERE r.scope = $1 AND r.value = $2 AND r.provider = $3 ORDER BY o.id
            """,
            [.text(reference.scope), .text(reference.value), .text(provider)]
        )
    }
}

/// The object of a reference that came by another provider than its own: only the operator is told of it.
package struct ForeignOption: Hashable, Sendable {
    /// The provider that opened it.
    package let provider: String
    /// Whose it is.
    package let merchant: MerchantID
    /// The invoice, or the paid media, that it pays.
    package let object: String
    /// The asset that it is paid in.
    package let asset: AssetID

    /// The object that a reference names at another provider.
    package init(provider: String, merchant: MerchantID, object: String, asset: AssetID) {
        self.provider = provider
        self.merchant = merchant
        self.object = object
        self.asset = asset
    }
}

/// A way to pay that a reference names, and related rows.
package struct OptionMatch: Sendable {
    /// The option.
    package let option: PaymentOption
    /// The invoice that it pays.
    package let invoice: Invoice
    /// All ways to pay the invoice, in the order in which they were opened.
    package let options: [PaymentOption]
    /// Whether the invoice has sightings.
    package let isSeen: Bool
    /// Whether a case about the invoice is open.
    package let hasOpenCases: Bool
    /// Whether a payment was recorded for the invoice.
    package let hasPayments: Bool
    /// Whose invoice it is.
    package let merchant: MerchantRecord

    /// The only way to pay an invoice about which nothing else is known.
    package init(_ option: PaymentOption, of invoice: Invoice, by merchant: MerchantRecord) {
        self.option = option
        self.invoice = invoice
        self.merchant = merchant
        options = [option]
        isSeen = false
        hasOpenCases = false
        hasPayments = false
    }

    /// The result of a query for a reference; nil when it finds nothing.
    init?(_ rows: [SQLRow]) throws {
        var (options, named): ([PaymentOption], PaymentOption?) = ([], nil)
        var last: SQLRow?
        for row in rows {
            var row = row
            let option = try row.option()
            options.append(option)
            if try row.id() == option.id { named = option }
            last = row
        }
        guard let named, var rest = last else { return nil }
        option = named
        isSeen = try rest.int() > 0
        hasOpenCases = try rest.int() > 0
        hasPayments = try rest.int() > 0
        merchant = try rest.merchant()
        invoice = try rest.invoice()
        self.options = options
    }
}

extension PaymentInstruction {
    fileprivate var columns: (link: String, address: String?, comment: String?) {
        switch self {
        case .invoiceLink(let url): (url, nil, nil)
        case .deposit(let address, let comment, let link): (link, address, comment)
        }
    }
}

extension SQLRow {
    mutating func option() throws -> PaymentOption {
        let (id, invoice): (PaymentOptionID, InvoiceID) = (try self.id(), try self.id())
        let (rail, provider): (Rail, String) = (try code(), try text())
        let (due, price) = (try amount(), try amount())
        let quote = try optionalText().map(QuoteText.read)
        let (link, address, comment) = (try text(), try optionalText(), try optionalText())
        return PaymentOption(
            id: id,
            invoice: invoice,
            rail: rail,
            provider: provider,
            due: due,
            price: price,
            quote: quote,
            instruction: address.map { .deposit(address: $0, comment: comment, link: link) } ?? .invoiceLink(url: link),
            reference: PaymentReference(scope: try text(), value: try text()),
            settings: try Self.labels(text()),
            renewals: try int()
        )
    }
}
