package import Payments
import Storage
import StrictJSON
import Synchronization

/// Invoices as merchants have read them lately, each with the stamp by which one knows that it is still the same.
final class InvoiceTexts: Sendable {
    /// Above this many, all are forgotten: they are written anew.
    private static let limit = 4_096

    /// What an invoice's text depends on.
    struct Condition: Hashable, Sendable {
        let stamp: InvoiceStamp
        let address: String?
    }

    private struct Kept {
        let condition: Condition
        let text: [UInt8]
        /// How often something had been committed when the stamp was read; none where nobody knows.
        var commitCount: Int?
    }

    private let kept = Mutex<[InvoiceID: Kept]>([:])

    /// A merchant's text, if nothing at all was committed since.
    func text(of id: InvoiceID, of merchant: MerchantID, at address: String?, commitCount: Int?) -> [UInt8]? {
        guard let commitCount else { return nil }
        return kept.withLock { kept in
            guard let found = kept[id], found.commitCount == commitCount, found.condition.address == address,
                found.condition.stamp.merchant == merchant
            else { return nil }
            return found.text
        }
    }

    /// A text, if its condition is what it was.
    func text(of id: InvoiceID, under condition: Condition, commitCount: Int?) -> [UInt8]? {
        kept.withLock { kept in
            guard let found = kept[id], found.condition == condition else { return nil }
            kept[id]?.commitCount = commitCount
            return found.text
        }
    }

    func keep(_ text: [UInt8], of id: InvoiceID, under condition: Condition, commitCount: Int?) {
        kept.withLock { kept in
            if kept.count >= Self.limit { kept = [:] }
            kept[id] = Kept(condition: condition, text: text, commitCount: commitCount)
        }
    }
}

extension Settlement {
    /// An invoice of a merchant as JSON, as ``Representation`` writes it.
    ///
    /// It is asked for again and again while a customer pays, so that its text is kept as long as its stamp says that
    /// nothing has changed. The stamp is read whenever something was committed, and each time where others may commit: what
    /// they do is seen at once.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's invoice.
    /// - Returns: the JSON, in UTF-8.
    package func invoiceText(_ id: InvoiceID, of merchant: MerchantID) async throws -> [UInt8] {
        let (texts, address, representation) = (texts, address.url, representation)
        // Counted before anything is read: a commit in between makes the next reading look again.
        let count = database.commitCount
        if let text = texts.text(of: id, of: merchant, at: address, commitCount: count) { return text }
        let found: [UInt8]? = try await database.lookUp { session in
            guard let stamp = try session.invoiceStamp(id), stamp.merchant == merchant else { return nil }
            let condition = InvoiceTexts.Condition(stamp: stamp, address: address)
            if let text = texts.text(of: id, under: condition, commitCount: count) { return text }
            guard let invoice = try session.invoice(id) else { return nil }
            let text = try representation.json(InvoiceWithOptions(invoice, in: session)).bytes
            // What is seen of a payment changes by itself: it is read each time.
            if !stamp.isSeen { texts.keep(text, of: id, under: condition, commitCount: count) }
            return text
        }
        guard let found else { throw SettlementError(.notFound, "there is no invoice \(id)") }
        return found
    }
}
