import Money
import Payments
import Providers
import Records
import Storage

/// An invoice and the option by which it is paid, while a payment is decided on.
struct Match {
    /// The option as it was paid: with what was due for the price and shipping.
    let option: PaymentOption
    /// The option without shipping, at whose rate a surplus counts.
    private let plain: PaymentOption
    private let terms: OptionTerms
    /// The invoice as it was before.
    let invoice: Invoice
    let books: Bookkeeping
    let parts: [Payment]
    let orphans: [ExceptionCase]
    var merchant: MerchantID { invoice.merchant }

    init(_ snapshot: PaymentSnapshot, option: PaymentOption) {
        self.option = option
        plain = snapshot.option
        terms = snapshot.terms
        invoice = snapshot.invoice
        books = Bookkeeping(feeBasisPoints: snapshot.found.merchant.feeBasisPoints)
        (parts, orphans) = (snapshot.parts.map(\.payment), snapshot.orphans)
    }

    /// The value of a transfer for the invoice, and its tip, which is earned but pays nothing that is owed.
    struct Worth {
        let value: Amount
        let tip: Amount
    }

    /// The worth of a transfer.
    func worth(of transfer: IncomingTransfer) throws -> Worth {
        let remaining = try invoice.status.remaining
        if terms != .none, remaining.isPositive,
            case let rest = try transfer.amount.subtracting(option.cost(of: remaining)), !rest.isNegative
        {
            let tip = try terms.tip(within: rest)
            return Worth(value: try remaining.adding(plain.value(of: rest.subtracting(tip))), tip: tip)
        }
        return Worth(value: try value(of: transfer.amount), tip: .zero(transfer.amount.asset))
    }

    /// The earlier parts at the same quote; in the asset of the price an amount is its own value.
    private var partsAtTheQuote: [Payment] {
        guard option.due.asset != option.price.asset else { return [] }
        return parts.filter { part in
            part.option == option.id && part.quote == option.quote && part.amount.asset == option.due.asset
        }
    }

    /// The value of an amount beside earlier parts at the same quote: their sum is converted as one, so that nothing is
    /// lost by rounding each of them down.
    private func value(of amount: Amount) throws -> Amount {
        let (own, parts) = (try option.value(of: amount), partsAtTheQuote)
        guard !parts.isEmpty else { return own }
        let paid = try Amount.sum(parts.map(\.amount) + [amount], asset: amount.asset)
        let counted = try Amount.sum(parts.compactMap(\.value), asset: own.asset)
        let rest = try option.value(of: paid).subtracting(counted)
        // The value of a part that was undone may have been counted with another one.
        return try rest.compared(to: own) == .greater ? rest : own
    }
}
