import Money
import Payments
import Providers
import Storage

/// The value of an incoming transfer for its invoice.
extension ObservationRecorder {
    /// The value of the transfer for the invoice, and its tip, which is earned but pays nothing that is owed.
    ///
    /// `match` has the option with shipping in the amount due; `plain` is the option without shipping, at whose rate a
    /// surplus counts.
    func share(
        of transfer: IncomingTransfer,
        paying match: Match,
        besidePriceOf plain: PaymentOption,
        under terms: OptionTerms,
        in session: any SQLSession
    ) throws -> (value: Amount, tip: Amount) {
        let (option, nothing) = (match.option, Amount.zero(transfer.amount.asset))
        let remaining = try match.invoice.status.remaining
        if terms != .none, remaining.isPositive,
            case let rest = try transfer.amount.subtracting(option.cost(of: remaining)), !rest.isNegative
        {
            let tip = try terms.tip(within: rest)
            return (try remaining.adding(plain.value(of: rest.subtracting(tip))), tip)
        }
        let parts = try parts(of: match.invoice, at: option, in: session)
        return (try value(of: transfer.amount, beside: parts, at: option), nothing)
    }

    /// The earlier partial payments at the same quote.
    private func parts(of invoice: Invoice, at option: PaymentOption, in session: any SQLSession) throws -> [Payment] {
        // In the asset of the price an amount is its own value.
        guard option.due.asset != option.price.asset else { return [] }
        return try session.payments(of: invoice.id).filter { part in
            part.option == option.id && part.quote == option.quote && part.state == .final
                && part.classification == .partial && part.amount.asset == option.due.asset
        }
    }

    /// The value of an amount beside earlier parts at the same quote: their sum is converted as one, so that nothing is
    /// lost by rounding each of them down.
    private func value(of amount: Amount, beside parts: [Payment], at option: PaymentOption) throws -> Amount {
        let own = try option.value(of: amount)
        guard !parts.isEmpty else { return own }
        let paid = try Amount.sum(parts.map(\.amount) + [amount], asset: amount.asset)
        let counted = try Amount.sum(parts.compactMap(\.value), asset: own.asset)
        let rest = try option.value(of: paid).subtracting(counted)
        // The value of a part that was undone may have been counted with another one.
        return try rest.compared(to: own) == .greater ? rest : own
    }
}
