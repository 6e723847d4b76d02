import Ledger
import Money
public import Payments
import Providers
public import Seams
import Storage

extension Settlement {
    /// Ends the invoices whose time is over; what was paid in part becomes a case.
    ///
    /// - Parameter limit: at most this many in one call.
    /// - Throws: what the database throws; nothing is changed then.
    /// - Returns: the invoices that ended.
    @discardableResult
    public func expireInvoices(limit: Int = 100) async throws -> [InvoiceID] {
        let now = clock.now()
        return try await database.write { session in
            try session.forgetApprovals(at: now)
            var ended: [InvoiceID] = []
            let scans = providers.providers.filter(\.capabilities.expiryWaitsForScan)
            let watermarks = try scans.map { provider in
                let reached = try session.completeUntil(provider: provider.key) ?? Timestamp(microseconds: .min)
                return (provider: provider.key, completeUntil: reached)
            }
            for invoice in try session.invoicesToExpire(at: now, watermarks: watermarks, limit: limit)
            where now > invoice.expiresAt.advanced(by: longestGrace) {
                var updated = invoice
                let action = try updated.status.apply(.expired)
                try session.update(updated, from: invoice)
                if action == .openUnderpaid { try openUnderpaid(updated, at: now, in: session) }
                try announce(.expired, updated, at: now, in: session)
                ended.append(invoice.id)
            }
            return ended
        }
    }

    private var longestGrace: Duration {
        providers.providers.map(\.capabilities.graceAfterExpiry).max() ?? .zero
    }

    private func openUnderpaid(_ invoice: Invoice, at now: Timestamp, in session: any SQLSession) throws {
        for payment in try session.payments(of: invoice.id)
        where payment.classification == .partial && payment.state == .final {
            let held = AccountID.customerClearing(invoice.merchant)
            let postings = try Bookkeeping.move(payment.amount, from: held, to: .underpayments(invoice.merchant))
            try move(payment.id, at: now, in: session) {
                try post(.underpaid, subject: payment.id.text, at: now, postings, in: session)
            }
            try keepCases(of: payment, closing: .init(.superseded, at: now), in: session)
        }
    }
}
