import Ledger
import Money
package import Payments
import Providers
import Seams
import Storage

extension Settlement {
    /// Expires the invoices whose time is over; a partial payment opens a case.
    ///
    /// The rails' own clocks decide what was paid in time: an invoice expires only when every scan of the rails on
    /// which it can be paid has read past its end. While a rail cannot be read, the invoice stays open; the scan's
    /// problem is in the report.
    ///
    /// - Parameter limit: at most this many in one call.
    /// - Throws: what the database throws; nothing is changed then.
    /// - Returns: the invoices that expired.
    @discardableResult
    package func expireInvoices(limit: Int = 100) async throws -> [InvoiceID] {
        let now = clock.now()
        let scans = try await standingScans()
        return try await database.write { session in
            try session.forgetApprovals(at: now)
            var ended: [InvoiceID] = []
            let watermarks = try scans.map { try $0.watermark(in: session) }
            for invoice in try session.invoicesToExpire(at: now, watermarks: watermarks, limit: limit)
            where now > invoice.expiresAt.advanced(by: longestGrace) {
                var draft = try draft(about: [invoice.merchant], at: now, in: session)
                try ExpiryRules(invoice, in: session).expire(in: &draft)
                try applier(at: now, in: session).apply(draft.decided())
                ended.append(invoice.id)
            }
            return ended
        }
    }

    private func standingScans() async throws -> [StandingScan] {
        var scans: [StandingScan] = []
        for provider in providers.providers {
            guard let scan = provider.scan else { continue }
            scans.append(
                StandingScan(
                    provider: provider.key,
                    grace: provider.capabilities.graceAfterExpiry,
                    hasAccountsOfOptions: scan.scansAccountsOfOptions,
                    // A rail that does not name its accounts counts as not read.
                    accounts: try? await scan.standingAccounts
                )
            )
        }
        return scans
    }

    private var longestGrace: Duration {
        providers.providers.map(\.capabilities.graceAfterExpiry).max() ?? .zero
    }
}

extension ExpiryRules {
    /// What was read about an invoice whose time is over.
    fileprivate init(_ invoice: Invoice, in session: any SQLSession) throws {
        self.invoice = invoice
        parts =
            invoice.status.state == .processing
            ? try session.payments(of: invoice.id)
                .filter { $0.classification == .partial && $0.state == .final }
                .map { try BookedPayment($0, in: session) } : []
    }
}

/// The accounts of a provider that are always scanned; nil when the rail does not name them.
private struct StandingScan: Sendable {
    let provider: String
    let grace: Duration
    let hasAccountsOfOptions: Bool
    let accounts: [ScanAccount]?

    /// How far all of them were read.
    func watermark(in session: any SQLSession) throws -> ScanWatermark {
        var reached: Timestamp?
        for account in accounts ?? [] {
            let read = try session.completeUntil(
                provider: provider,
                account: account.account,
                subject: account.subject
            )
            reached = min(reached ?? .distantFuture, read ?? Timestamp(microseconds: 0))
        }
        return ScanWatermark(
            provider: provider,
            completeUntil: reached ?? Timestamp(microseconds: 0),
            grace: grace,
            hasAccountsOfOptions: hasAccountsOfOptions
        )
    }
}
