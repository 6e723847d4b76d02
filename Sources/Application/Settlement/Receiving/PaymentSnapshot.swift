import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// A transfer that is new, and the identifier of the payment that it becomes.
struct Arrival {
    let id: PaymentID
    let transfer: IncomingTransfer
    /// The account that the money comes from: the rail's, or suspense when a recorded payment is claimed.
    let source: AccountID
    /// The payment as it is stored, when it was recorded before.
    let stored: Payment?
    /// When the customer paid, by the rail's clock.
    let madeAt: Timestamp
}

/// What a payment pays.
enum PaymentTarget {
    /// Why a payment belongs to nobody, in more words than its classification has.
    typealias Finding = (reason: ExceptionCase.Reason, detail: String)

    /// No invoice.
    case nobody(Finding?)
    /// The invoice whose option it names.
    case invoice(PaymentSnapshot)
    /// Something for which an invoice is opened now.
    case sale(Sale)

    /// The merchant whose money it becomes, when there is one.
    var merchant: MerchantID? {
        switch self {
        case .nobody: nil
        case .invoice(let snapshot): snapshot.invoice.merchant
        case .sale(let sale): sale.merchant.id
        }
    }
}

/// What was read about an invoice when a payment for it came.
struct PaymentSnapshot {
    /// The option that the payment names, with its invoice and merchant.
    let found: OptionMatch
    /// The invoice; other changes of the same decision may have come before.
    var invoice: Invoice
    /// The option at the quote that held when it was paid.
    let option: PaymentOption
    /// What may be paid besides the price.
    let terms: OptionTerms
    /// Whether the link's whole stock was sold to others.
    var isGone = false
    /// The earlier payments of the invoice that are final and wait for the rest of the price.
    var parts: [BookedPayment] = []
    /// The open cases of the invoice's undone payments, except those whose refund is a loss.
    var orphans: [ExceptionCase] = []

    /// An invoice about which nothing else is known.
    init(_ found: OptionMatch, option: PaymentOption, terms: OptionTerms) {
        self.found = found
        self.option = option
        self.terms = terms
        invoice = found.invoice
    }
}

extension ObservationRecorder {
    /// Reads what the decision about a payment depends on.
    func read(_ found: OptionMatch, paidAt moment: Timestamp, in session: any SQLSession) throws -> PaymentSnapshot {
        let invoice = found.invoice
        var snapshot = PaymentSnapshot(
            found,
            option: try quoted(found.option, paidAt: moment, in: session),
            terms: terms(found.option)
        )
        snapshot.isGone = try settlement.isGone(for: invoice, in: session)
        // A payment of an unpaid invoice finds no parts; also a part whose value was nothing waits in clearing.
        if found.hasPayments {
            snapshot.parts = try session.payments(of: invoice.id)
                .filter { $0.classification == .partial && $0.state == .final }
                .map { try BookedPayment($0, in: session) }
        }
        if found.hasOpenCases { snapshot.orphans = try orphans(of: invoice.id, in: session) }
        return snapshot
    }

    /// The option at the quote that held when it was paid; a renewed quote still holds for payments before its end.
    ///
    /// When no quote holds any more, the option is renewed and the payment counts at the current rate: an old price
    /// does not hold merely because nobody renewed it. A rail that asks first has approved its quote.
    private func quoted(
        _ named: PaymentOption,
        paidAt moment: Timestamp,
        in session: any SQLSession
    ) throws -> PaymentOption {
        let option =
            named.renewals == 0 ? named : named.held(at: moment, past: try session.pastQuotes(of: named.id))
        guard !asksBeforeTaking, option.hasEnded(before: moment),
            let found = try? settlement.due(for: option.price, in: option.due.asset, settings: option.settings, now),
            let quote = found.1
        else { return option }
        return option.renewed(
            due: found.0,
            quote: quote,
            instruction: option.instruction,
            reference: option.reference
        )
    }

    /// The open cases of undone payments of an invoice, which close when it is paid again.
    ///
    /// The refund of a payment that never comes back is a loss, and its case stays open for a person.
    func orphans(of invoice: InvoiceID, in session: any SQLSession) throws -> [ExceptionCase] {
        try session.openCases(of: invoice).filter { orphaned in
            guard orphaned.reason == .orphaned else { return false }
            let refunds = try orphaned.payment.map(session.refunds) ?? []
            return !refunds.contains(where: \.status.state.holdsMoney)
        }
    }
}
