package import Payments
import Seams
import Storage

extension Settlement {
    /// Has the accounts of an invoice's options looked at in the next pass, also when the watch over them is over.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound`` when the merchant has no such invoice.
    /// - Returns: the invoice with its options.
    package func lookAgain(at id: InvoiceID, of merchant: MerchantID) async throws -> InvoiceWithOptions {
        let found = try await invoice(id, of: merchant)
        let now = clock.now()
        try await write(for: merchant) { try $0.lookAgain(at: id, now: now) }
        return found
    }
}
