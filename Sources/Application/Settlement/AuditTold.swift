import Money
import Payments
import Records
import Seams
package import Storage
import StrictJSON

/// Compares what events told of an object with what is stored of it.
///
/// The journal holds how much has moved. A payout's destination, a refund's payment and an order's content are booked
/// nowhere. They stand in the events that were told when the object was created, and when a case was closed.
extension Settlement {
    /// The inconsistencies in the books, each a sentence that names its row.
    ///
    /// Checks seals, sums and balances, and compares objects with what is booked of them and what was told of them.
    ///
    /// - Throws: what the database throws.
    package func audit(in session: any SQLSession) throws -> [String] {
        try session.auditJournal().findings + session.auditObjects() + auditTold(in: session)
    }

    private func auditTold(in session: any SQLSession) throws -> [String] {
        var findings: [String] = []
        try session.eachEvent { id, event in
            guard let event, let body = try? JSONValue(parsing: Array(event.body.utf8)), let told = body["data"] else {
                findings.append("events \(id): it cannot be read")
                return
            }
            guard let rule = ToldObject(event.type) else { return }
            let now: JSONValue?
            // A row that cannot be read is a finding of its own.
            do { now = try stored(rule, event.subject, in: session) } catch
                where (error as? StorageError)?.code ?? .corrupt == .corrupt
            { return }
            guard let now else {
                findings.append("events \(id): it tells of \(event.subject), which is not there")
                return
            }
            // Earlier versions told less.
            for name in rule.fields(of: told) {
                guard let before = told[name], before != now[name] else { continue }
                findings.append("\(rule.table) \(event.subject): its \(name) is not what was told by \(id)")
            }
            guard case .invoice = rule else { return }
            findings += try wrongOptions(of: event.subject, told["options"]?.arrayValue ?? [], in: session).map {
                "\(rule.table) \(event.subject): \($0) is not what was told by \(id)"
            }
        }
        return findings
    }

    /// The terms of an invoice's ways to pay that differ from what was told when it was created.
    ///
    /// A way to pay that was offered again at a later quote has other terms, and is not compared.
    private func wrongOptions(
        of invoice: String,
        _ told: [JSONValue],
        in session: any SQLSession
    ) throws -> [String] {
        let stored: [PaymentOption]
        // A row that cannot be read is a finding of its own.
        do { stored = try session.options(of: InvoiceID(invoice)) } catch
            where (error as? StorageError)?.code ?? .corrupt == .corrupt
        { return [] }
        return told.flatMap { before -> [String] in
            let id = before["id"]?.stringValue ?? ""
            guard let option = stored.first(where: { $0.id.text == id }) else { return ["its way to pay \(id)"] }
            guard option.renewals == 0 else { return [] }
            if let asset = before["asset"]?.stringValue, asset != option.due.asset.text {
                return ["the asset of its way to pay \(id)"]
            }
            // The amount of an asset that is no longer in the list cannot be told any more.
            guard let now = try? representation.json(option) else { return [] }
            return ["rail", "provider", "amount", "address", "comment"].compactMap { name -> String? in
                // Earlier versions told less.
                guard let value = before[name], value != now[name] else { return nil }
                return "the \(name) of its way to pay \(id)"
            }
        }
    }

    /// The object of an event as it would be told now; nil when there is none.
    private func stored(_ rule: ToldObject, _ id: String, in session: any SQLSession) throws -> JSONValue? {
        switch rule {
        case .payment: try session.payment(PaymentID(id)).map(representation.json)
        case .invoice:
            try session.invoice(InvoiceID(id)).map { invoice in
                try representation.json(InvoiceWithOptions(invoice: invoice, options: []))
            }
        case .transfer: try session.outgoing(id).map(representation.json)
        case .openedCase, .closedCase: try session.exceptionCase(CaseID(id)).map(representation.json)
        }
    }
}

/// The kind of object that an event tells of.
private enum ToldObject {
    case payment
    case invoice
    case transfer
    case openedCase
    case closedCase

    init?(_ type: String) {
        switch type {
        case "payment.received": self = .payment
        case "invoice.created": self = .invoice
        case "case.opened": self = .openedCase
        case "case.resolved": self = .closedCase
        case let type where type.hasPrefix("refund.") || type.hasPrefix("payout."): self = .transfer
        default: return nil
        }
    }

    var table: String {
        switch self {
        case .payment: "payments"
        case .invoice: "invoices"
        case .transfer: "outgoing"
        case .openedCase, .closedCase: "cases"
        }
    }

    /// The fields that no later step changes.
    func fields(of told: JSONValue) -> [String] {
        switch self {
        case .payment: ["id", "rail", "provider", "asset", "payer", "natural_key", "recorded_at"]
        case .invoice:
            [
                "id", "merchant", "reference", "title", "description", "goods", "asset", "amount",
                "tolerance_basis_points", "payer", "metadata", "return_url", "payment_link", "subscription",
                "paid_media", "line_items", "created_at", "expires_at", "monitored_until", "unavailable_rails",
            ]
        case .transfer:
            [
                "id", "object", "payment", "merchant", "provider", "asset", "amount", "destination", "reason", "quote",
                "created_at",
            ]
        case .openedCase: ["id", "reason", "merchant", "invoice", "payment", "movement", "opened_at", "detail"]
        case .closedCase:
            // A case without an amount names the asset of a set-aside row, which gets another case when it comes back.
            ["id", "reason", "state", "merchant", "invoice", "payment", "amount", "opened_at", "detail", "resolution"]
                + (told["amount"]?.isNull ?? true ? [] : ["asset"])
        }
    }
}
