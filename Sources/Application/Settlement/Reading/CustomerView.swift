package import Payments
import Records
import Storage

/// The data of an invoice for its customer's page.
package struct CustomerView: Hashable, Sendable {
    /// The invoice with the ways to pay it.
    package let invoice: InvoiceWithOptions
    /// Its payments, also those that were undone.
    package let payments: [Payment]
    /// The refunds of these payments.
    package let refunds: [OutgoingTransfer]
    /// The last session with a wallet of the customer's.
    package let wallet: WalletSession?
    /// The merchant's name.
    package let merchantName: String
}

extension Settlement {
    /// The data for the page of an invoice; nil when there is no such invoice.
    ///
    /// - Throws: what the database throws.
    package func customerView(_ id: InvoiceID) async throws -> CustomerView? {
        try await database.lookUp { try view(id, in: $0) }
    }

    /// The data for the pages of several invoices; those that do not exist are left out.
    ///
    /// - Throws: what the database throws.
    package func customerViews(_ ids: [InvoiceID]) async throws -> [CustomerView] {
        try await database.read { session in try ids.compactMap { try view($0, in: session) } }
    }

    /// The rail by which a customer paid a merchant last; nil when that is not known.
    ///
    /// - Throws: what the database throws.
    package func lastRail(of customer: String, paying merchant: MerchantID) async throws -> Rail? {
        try await database.lookUp { try $0.lastRail(of: customer, paying: merchant) }
    }

    private func view(_ id: InvoiceID, in session: any SQLSession) throws -> CustomerView? {
        guard let invoice = try session.invoice(id) else { return nil }
        let payments = try session.payments(of: id)
        return CustomerView(
            invoice: try InvoiceWithOptions(invoice, in: session),
            payments: payments,
            refunds: try payments.flatMap { try session.refunds(of: $0.id) },
            wallet: try session.lastWalletSession(of: id),
            merchantName: try session.merchant(invoice.merchant)?.name ?? ""
        )
    }
}
