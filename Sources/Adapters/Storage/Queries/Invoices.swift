import Money
package import Payments
package import Records
package import Seams
import StrictJSON

/// All that can change of an invoice and the ways to pay it: with equal stamps, nothing has changed.
package struct InvoiceStamp: Hashable, Sendable {
    /// Whose it is.
    package let merchant: MerchantID
    /// Whether the invoice has sightings, which are not part of the stamp.
    package let isSeen: Bool
    /// The columns that ``SQLSession/update(_:from:)`` changes, the version, and how often ways to pay were renewed.
    private let columns: [SQLValue]

    fileprivate init(_ row: inout SQLRow) throws {
        merchant = try row.id()
        isSeen = try row.int() > 0
        columns = [
            .integer(try row.integer()), .integer(try row.integer()),
            try row.optionalUnits().map(SQLValue.units) ?? .null,
            .integer(try row.optionalInteger()), .integer(try row.integer()), .integer(try row.integer()),
        ]
    }
}

/// Invoices.
extension SQLSession {
    static var invoiceColumns: String {
        """
        i.id, i.merchant, i.reference, i.title, i.summary, i.goods, i.asset, i.price, i.asset, i.threshold, i.asset,
        i.received, i.tolerance, i.payer, i.metadata, i.state, i.exception, i.created_at, i.expires_at,
        i.monitored_until, i.settled_at, i.return_url, i.payment_link, i.subscription, i.lines, i.paid_media,
        i.unavailable_rails, i.version
        """
    }

    /// Stores a new invoice.
    package func insert(_ invoice: Invoice) throws {
        let metadata = JSONValue.object(from: invoice.metadata).text
        try execute(
            """
            INSERT INTO invoices (book, id, merchant, reference, title, summary, goods, asset, price, threshold, received,
            tolerance, payer, metadata, state, exception, created_at, expires_at, monitored_until, settled_at, return_url,
            payment_link, subscription, lines, paid_media, unavailable_rails)
            VALUES ($26, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
            $22, $23, $24, $25)
            """,
            [
                .id(invoice.id), .id(invoice.merchant), .text(invoice.reference), .text(invoice.title),
                .text(invoice.summary), .code(invoice.goods), .asset(invoice.price), .units(invoice.price),
                .units(invoice.status.threshold), .units(invoice.status.received),
                .integer(Int64(invoice.toleranceBasisPoints)), .integer(invoice.payer), .text(metadata),
                .code(invoice.status.state), .code(invoice.status.exception),
                .moment(invoice.createdAt), .moment(invoice.expiresAt), .moment(invoice.monitoredUntil),
                .moment(invoice.settledAt), .text(invoice.returnURL), .id(invoice.paymentLink),
                .id(invoice.subscription), .text(Self.text(invoice.lines)), .id(invoice.paidMedia),
                .text(Self.text(invoice.unavailableRails)), try place(of: invoice.merchant),
            ]
        )
    }

    /// Lines as they are stored: labels with units of the price's asset.
    private static func text(_ lines: [InvoiceLine]) -> String? {
        guard !lines.isEmpty else { return nil }
        return JSONValue.array(
            lines.map { ["label": .string($0.label), "units": .string($0.amount.units.description)] }
        )
        .text
    }

    private static func text(_ rails: [UnavailableRail]) -> String? {
        guard !rails.isEmpty else { return nil }
        let values = rails.map { rail -> JSONValue in
            ["rail": .string(rail.rail.rawValue), "code": .string(rail.code), "reason": .string(rail.reason)]
        }
        return JSONValue.array(values).text
    }

    /// Stores the status of an invoice, if the stored one is still `old`; its version grows.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/conflict`` when it is not; that cannot happen when `old` was
    ///   read in the same unit of work.
    package func update(_ updated: inout Invoice, from old: Invoice) throws {
        updated.version = old.version + 1
        try executeOne(
            """
            UPDATE invoices SET state = $1, exception = $2, received = $3, settled_at = $4, version = $5
            WHERE book = $8 AND id = $6 AND version = $7
            """,
            [
                .code(updated.status.state), .code(updated.status.exception),
                .units(updated.status.received), .moment(updated.settledAt), .integer(updated.version),
                .id(updated.id), .integer(old.version), try place(of: updated.merchant),
            ]
        )
    }

    /// The stamp of an invoice.
    package func invoiceStamp(_ id: InvoiceID) throws -> InvoiceStamp? {
        try first(
            """
            SELECT i.merchant, (SELECT COUNT(*) FROM sightings s WHERE s.book = i.book AND s.invoice = i.id), i.state,
            i.exception, i.received, i.settled_at, i.version,
            (SELECT CAST(COALESCE(SUM(o.renewals), 0) AS BIGINT) FROM payment_options o
            WHERE o.book = i.book AND o.invoice = i.id) FROM invoices i WHERE \(within("i")) AND i.id = $1
            """,
            [.id(id)]
        ) { try InvoiceStamp(&$0) }
    }

    /// An invoice.
    package func invoice(_ id: InvoiceID) throws -> Invoice? {
        try first("SELECT \(Self.invoiceColumns) FROM invoices i WHERE \(within("i")) AND i.id = $1", [.id(id)]) {
            try $0.invoice()
        }
    }

    /// A merchant's invoices, the newest first.
    package func invoices(
        of merchant: MerchantID,
        where wanted: InvoiceFilter = InvoiceFilter(),
        in page: Page
    ) throws -> [Invoice] {
        var filter = try owned(by: merchant, in: "i")
        if let state = wanted.state { filter.and("i.state = ", .code(state)) }
        if let reference = wanted.reference { filter.and("i.reference = ", .text(reference)) }
        if let subscription = wanted.subscription { filter.and("i.subscription = ", .id(subscription)) }
        if let media = wanted.paidMedia { filter.and("i.paid_media = ", .id(media)) }
        if let moment = wanted.createdFrom { filter.and("i.created_at >= ", .moment(moment)) }
        if let moment = wanted.createdUntil { filter.and("i.created_at < ", .moment(moment)) }
        return try list(Self.invoiceColumns, from: "invoices i", id: "i.id", of: InvoiceKind.self, filter, in: page) {
            try $0.invoice()
        }
    }

    /// Invoices that can still be paid and whose time was over at a moment, the oldest first.
    ///
    /// - Parameters:
    ///   - moment: the moment.
    ///   - watermarks: for each provider, how far its scans have come, which have to pass the end of the invoice first;
    ///     where an option has an account of its own, that account's scan decides.
    ///   - limit: at most this many.
    /// - Throws: what the database throws.
    /// - Returns: the invoices.
    package func invoicesToExpire(
        at moment: Timestamp,
        watermarks: [ScanWatermark],
        limit: Int
    ) throws -> [Invoice] {
        var values: [SQLValue] = [.moment(moment), .integer(Int64(limit))]
        var waiting = ""
        for watermark in watermarks {
            values += [
                .text(watermark.provider), .moment(watermark.completeUntil.advanced(by: .zero - watermark.grace)),
            ]
            let (provider, reached) = ("$\(values.count - 1)", "$\(values.count)")
            let ofOption = "a.provider = o.provider AND a.account = o.reference_value"
            let standing =
                watermark.hasAccountsOfOptions
                ? " AND NOT EXISTS (SELECT 1 FROM scan_accounts a WHERE \(ofOption))" : ""
            waiting += """
                 AND (i.expires_at < \(reached) OR NOT EXISTS (SELECT 1 FROM payment_options o
                WHERE o.book = i.book AND o.invoice = i.id AND o.provider = \(provider)\(standing)))
                """
            guard watermark.hasAccountsOfOptions else { continue }
            values.append(.moment(Timestamp(microseconds: 0).advanced(by: watermark.grace)))
            waiting += """
                 AND NOT EXISTS (SELECT 1 FROM payment_options o JOIN scan_accounts a ON \(ofOption)
                LEFT JOIN scan_cursors c ON c.provider = a.provider AND c.account = a.account AND c.subject = a.subject
                WHERE o.book = i.book AND o.invoice = i.id AND o.provider = \(provider)
                AND COALESCE(c.complete_until, 0) - $\(values.count) <= i.expires_at)
                """
        }
        return try all(
            """
            SELECT \(Self.invoiceColumns) FROM invoices i
            WHERE \(InvoiceStateMachine.State.isPayable(in: "i.")) AND i.expires_at < $1\(waiting) ORDER BY i.expires_at LIMIT $2
            """,
            values
        ) { try $0.invoice() }
    }
}

extension SQLRow {
    mutating func invoice() throws -> Invoice {
        let (id, merchant): (InvoiceID, MerchantID) = (try self.id(), try self.id())
        let (reference, title, summary) = (try optionalText(), try text(), try text())
        let goods: Invoice.Goods = try code()
        let (price, threshold, received) = (try amount(), try amount(), try amount())
        let (tolerance, payer, metadata) = (try int(), try optionalInteger(), try text())
        let state: InvoiceStateMachine.State = try code()
        let exception: InvoiceStateMachine.Exception = try code()
        let (createdAt, expiresAt, monitoredUntil) = (try moment(), try moment(), try moment())
        let settledAt = try optionalMoment()
        let (returnURL, paymentLink): (String?, PaymentLinkID?) = (try optionalText(), try optionalID())
        let subscription: SubscriptionID? = try optionalID()
        let lines = try Self.lines(try optionalText(), of: price.asset)
        let media: PaidMediaID? = try optionalID()
        let unavailable = try Self.unavailableRails(try optionalText())
        var invoice = Invoice(
            id: id,
            merchant: merchant,
            reference: reference,
            title: title,
            summary: summary,
            goods: goods,
            price: price,
            toleranceBasisPoints: tolerance,
            payer: payer,
            metadata: try Self.labels(metadata),
            returnURL: returnURL,
            paymentLink: paymentLink,
            subscription: subscription,
            paidMedia: media,
            lines: lines,
            unavailableRails: unavailable,
            createdAt: createdAt,
            expiresAt: expiresAt,
            monitoredUntil: monitoredUntil,
            status: InvoiceStateMachine(
                state: state,
                exception: exception,
                price: price,
                threshold: threshold,
                received: received
            ),
            settledAt: settledAt
        )
        invoice.version = try integer()
        return invoice
    }

    private static func lines(_ text: String?, of asset: AssetID) throws -> [InvoiceLine] {
        guard let text else { return [] }
        return try (JSONValue(parsing: Array(text.utf8)).arrayValue ?? []).map { line in
            let units = try Int256(decimal: (line["units"]?.stringValue ?? "").utf8)
            return InvoiceLine(label: line["label"]?.stringValue ?? "", amount: Amount(asset: asset, units: units))
        }
    }

    private static func unavailableRails(_ text: String?) throws -> [UnavailableRail] {
        guard let text else { return [] }
        return try (JSONValue(parsing: Array(text.utf8)).arrayValue ?? []).compactMap { value in
            Rail(rawValue: value["rail"]?.stringValue ?? "").map { rail in
                UnavailableRail(
                    rail: rail,
                    code: value["code"]?.stringValue ?? "",
                    reason: value["reason"]?.stringValue ?? ""
                )
            }
        }
    }

    static func labels(_ text: String) throws -> Labels {
        guard text != "{}" else { return [:] }
        return try (JSONValue(parsing: Array(text.utf8)).members ?? []).reduce(into: Labels()) { labels, member in
            labels[member.key] = member.value.stringValue ?? ""
        }
    }
}
