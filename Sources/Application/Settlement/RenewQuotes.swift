import Money
package import Payments
import Providers
import Seams
import Storage

extension Settlement {
    /// Renews an invoice's quotes that have ended, while something is left to pay and no payment is on its way.
    ///
    /// Earlier instructions still lead to the invoice: a payment counts at the quote that held when it was made, and
    /// partial payments count as before. A quote whose rate is not known at the moment stays as it is.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/notFound``, and what the database throws.
    /// - Returns: the invoice with the options as they are now.
    package func renewQuotes(of id: InvoiceID) async throws -> InvoiceWithOptions {
        let now = clock.now()
        let found = try await database.read { session in
            try session.invoice(id).map { try InvoiceWithOptions($0, in: session) }
        }
        guard let found else { throw SettlementError(.notFound, "there is no invoice \(id)") }
        guard found.canRenew(at: now) else { return found }
        var renewed: [(old: PaymentOption, new: PaymentOption)] = []
        for option in found.options {
            guard let quote = option.quote, quote.validUntil < now, option.renewals < PaymentOption.renewalLimit,
                let new = try? await renew(option, of: found.invoice, at: now)
            else { continue }
            renewed.append((option, new))
        }
        let options = renewed
        guard !options.isEmpty else { return found }
        return try await write(for: found.invoice.merchant) { session in
            guard let invoice = try session.invoice(id) else { return found }
            if try InvoiceWithOptions(invoice, in: session).canRenew(at: now) {
                for (old, new) in options { _ = try session.renew(new, from: old, of: invoice.merchant) }
            }
            return try InvoiceWithOptions(invoice, in: session)
        }
    }

    /// An option at the current rate, without the line items: they add up to the price, not to the amount due.
    private func renew(_ option: PaymentOption, of invoice: Invoice, at now: Timestamp) async throws -> PaymentOption {
        let provider = try provider(option.provider)
        let (due, found) = try due(for: invoice.price, in: option.due.asset, settings: option.settings, now)
        guard let quote = found else { throw SettlementError(.invalidState, "the option has no quote") }
        let opened = try await provider.open(
            OpenRequest(
                option: option.id,
                invoice: invoice,
                due: due,
                lines: [],
                settings: Self.railSettings(option.settings)
            )
        )
        return option.renewed(
            due: due,
            quote: quote,
            instruction: opened.instruction,
            reference: opened.reference
        )
    }
}

extension InvoiceWithOptions {
    fileprivate func canRenew(at now: Timestamp) -> Bool {
        let isOwed = (try? invoice.status.remaining.isPositive) ?? false
        return isOwed && invoice.status.state.isPayable && sightings.isEmpty && now <= invoice.expiresAt
    }
}
