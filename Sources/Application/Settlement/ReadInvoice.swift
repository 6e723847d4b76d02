package import Payments
import Storage
import StrictJSON
import Synchronization

/// A cache of invoices as JSON, each with the stamp that shows whether it is still current.
final class InvoiceTexts: Sendable {
    /// At this number of entries the cache is emptied.
    private static let limit = 4_096

    /// The values that an invoice's text depends on.
    struct Condition: Hashable, Sendable {
        let stamp: InvoiceStamp
        let address: String?
    }

    private struct Kept {
        let condition: Condition
        let text: [UInt8]
        /// The database's commit count when the stamp was read; nil when it is not known.
        var commitCount: Int?
    }

    private let kept = Mutex<[InvoiceID: Kept]>([:])

    /// A merchant's text, if nothing was committed since its stamp was read.
    func text(of id: InvoiceID, of merchant: MerchantID, at address: String?, commitCount: Int?) -> [UInt8]? {
        guard let commitCount else { return nil }
        return kept.withLock { kept in
            guard let found = kept[id], found.commitCount == commitCount, found.condition.address == address,
                found.condition.stamp.merchant == merchant
            else { return nil }
            return found.text
        }
    }

    /// A text, if its condition has not changed.
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
    /// It is read many times while a customer pays, so that its text is cached until its stamp changes. The stamp is
    /// read again after every commit, and at each call where other processes may commit: their changes are seen at
    /// once.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, also for another merchant's invoice.
    /// - Returns: the JSON, in UTF-8.
    package func invoiceText(_ id: InvoiceID, of merchant: MerchantID) async throws -> [UInt8] {
        let (texts, address, representation) = (texts, address.url, representation)
        // Taken before anything is read: after a commit in between, the next call reads again.
        let count = database.commitCount
        if let text = texts.text(of: id, of: merchant, at: address, commitCount: count) { return text }
        let found: [UInt8]? = try await database.lookUp { session in
            guard let stamp = try session.invoiceStamp(id), stamp.merchant == merchant else { return nil }
            let condition = InvoiceTexts.Condition(stamp: stamp, address: address)
            if let text = texts.text(of: id, under: condition, commitCount: count) { return text }
            guard let invoice = try session.invoice(id) else { return nil }
            let text = try representation.json(InvoiceWithOptions(invoice, in: session)).bytes
            // Sightings are not part of the stamp: they are read each time.
            if !stamp.isSeen { texts.keep(text, of: id, under: condition, commitCount: count) }
            return text
        }
        guard let found else { throw SettlementError(.notFound, "there is no invoice \(id)") }
        return found
    }
}
