import Ledger
import Payments
import Providers
import Seams
import Storage

// What decisions are made on, as it is stored.

extension Settlement {
    /// A draft about nothing yet, in which the money of `merchants` may move.
    func draft(
        about merchants: [MerchantID?],
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> Draft {
        let registry = providers
        var planner = LedgerPlanner(
            identifiers: identifiers,
            rail: { registry.provider($0)?.rail },
            now: now
        )
        for merchant in merchants {
            if let merchant { planner.books[merchant] = try session.knownBook(of: merchant) }
        }
        return Draft(planner)
    }
}

extension BookedTransfer {
    /// A payout as it is stored, or a refund without its payment.
    init(_ transfer: OutgoingTransfer, in session: any SQLSession) throws {
        self.transfer = transfer
        reservation = try session.reservation(of: transfer.purpose.id)
        booked = try session.ledgerTransactions(LedgerSubject(transfer.purpose))
    }
}

extension BookedPayment {
    /// A payment as it is stored.
    init(_ payment: Payment, in session: any SQLSession) throws {
        self.payment = payment
        let stored = try session.refunds(of: payment.id)
        let all =
            stored.isEmpty
            ? try session.ledgerTransactions(LedgerSubject(payment.id))
            : try session.ledgerTransactions(payment: payment.id)
        let bySubject = Dictionary(grouping: all, by: \.subject)
        booked = bySubject[LedgerSubject(payment.id)] ?? []
        refunds = try stored.map { refund in
            BookedTransfer(
                transfer: refund,
                reservation: try session.reservation(of: refund.purpose.id),
                booked: bySubject[LedgerSubject(refund.purpose)] ?? []
            )
        }
        cases = try session.cases(of: payment.id).filter { $0.state == .open }
    }

    /// A payment as it is stored; nil when there is none.
    init?(_ id: PaymentID, in session: any SQLSession) throws {
        guard let payment = try session.payment(id) else { return nil }
        try self.init(payment, in: session)
    }
}
