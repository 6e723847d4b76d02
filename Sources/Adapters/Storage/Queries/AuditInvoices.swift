import Ledger
import Money
import Payments
import Seams

/// Compares an invoice with its payments.
extension SQLSession {
    /// The inconsistencies of an invoice, a sentence each.
    func wrong(_ invoice: Invoice) throws -> [String] {
        var findings: [String] = []
        var counted = Amount.zero(invoice.price.asset)
        for payment in try payments(of: invoice.id) where payment.state == .final {
            if [.exact, .partial, .over].contains(payment.classification), let value = payment.value {
                counted = try counted.adding(value)
            }
            if payment.merchant != invoice.merchant { findings.append("its merchant is not that of \(payment.id)") }
            if payment.classification == .partial, invoice.status.state != .processing,
                try isHeld(payment, for: invoice)
            {
                findings.append(
                    "it is \(invoice.status.state.rawValue), and \(payment.id) still waits for the rest of it"
                )
            }
        }
        let accepted = """
            SELECT 1 FROM cases WHERE \(try within()) AND invoice = $1
            AND outcome = \(ExceptionCase.Resolution.Outcome.accepted.code) LIMIT 1
            """
        let hasAccepted = try first(accepted, [.id(invoice.id)]) { try $0.integer() } != nil
        let status = invoice.status
        if counted != status.received {
            findings.append("it says that it received \(status.received), and its payments are worth \(counted)")
        }
        let isCovered = try !status.received.subtracting(status.threshold).isNegative
        let isMarked = status.exception == .marked && hasAccepted
        if (status.state == .settled) != (isCovered || isMarked) {
            findings.append(
                "it is \(status.state.rawValue), and what it received \(isCovered ? "covers" : "does not cover") it"
            )
        }
        let hasPayments = try !payments(of: invoice.id).isEmpty
        if try !Self.isPossible(status, isMarked: isMarked, hasPayments: hasPayments) {
            findings.append(
                "it is \(status.state.rawValue) with the exception \(status.exception.rawValue), which cannot be"
            )
        }
        if status.state == .new, !status.received.isZero { findings.append("it is new, and has received something") }
        let tolerance = try invoice.price.portion(basisPoints: invoice.toleranceBasisPoints, rounding: .towardZero)
        if try invoice.price.subtracting(tolerance) != status.threshold {
            findings.append("its threshold is not its price less the tolerance")
        }
        for option in try options(of: invoice.id) where option.price != invoice.price {
            findings.append("its price is not that of its way to pay \(option.id)")
        }
        return findings
    }

    /// Whether an invoice can have its exception: an unpaid one has none, and a settled one is covered, overpaid, or
    /// was accepted by a person.
    private static func isPossible(
        _ status: InvoiceStateMachine,
        isMarked: Bool,
        hasPayments: Bool
    ) throws -> Bool {
        switch (status.exception, status.state) {
        case (.none, .settled): try !status.received.subtracting(status.price).isPositive
        case (.none, .processing): status.received.isZero
        case (.none, _): true
        case (.marked, _): isMarked
        case (.paidPartial, .settled), (.paidLate, .settled): false
        case (.paidLate, _): hasPayments && status.received.isZero
        case (.paidPartial, _), (.paidOver, _): hasPayments
        }
    }

    /// Whether money of a payment waits until its invoice is covered.
    private func isHeld(_ payment: Payment, for invoice: Invoice) throws -> Bool {
        let clearing = AccountID(code: AccountCode("customer_clearing"), scope: invoice.merchant.text)
        let held = try ledgerTransactions(payment: payment.id).flatMap(\.postings).filter {
            $0.account == clearing
        }
        return try !Amount.sum(held.map(\.amount), asset: payment.amount.asset).isZero
    }
}
