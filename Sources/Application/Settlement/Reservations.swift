import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Money that is set aside for a transfer, by one ledger transaction that the transfer names.
///
/// It is reversed when the transfer fails. Because the transfer names it, the money of two transfers of the same amount
/// is never confused.
extension Settlement {
    /// Sets aside the amount of a stored transfer.
    func reserve(
        _ transfer: OutgoingTransfer,
        from sources: [(account: AccountID, amount: Amount)],
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        var postings = sources.map { Posting(account: $0.account, amount: $0.amount) }
        postings.append(Posting(account: transfer.reservedAccount, amount: try transfer.amount.negated()))
        let kind = transfer.reservationKind
        let booked = try post(kind, of: .transfer(transfer), at: moment, postings, in: session)
        try LedgerWriter(session).reserve(transfer.purpose.id, by: booked.id)
    }

    /// Gives the money back to the accounts that it came from; a network fee that was charged all the same is a cost.
    func release(_ transfer: OutgoingTransfer, fee: Amount?, at now: Timestamp, in session: any SQLSession) throws {
        try unreserve(transfer, as: .transferReleased, at: now, in: session)
        if let fee, !fee.isZero {
            let charged = try Bookkeeping.charged(fee, at: transfer.provider)
            try post(.networkFee, of: .transfer(transfer), at: now, charged, in: session)
        }
        try announce(.failed, transfer, at: now, in: session)
    }

    /// Sets aside again money that was given back, because the transfer may still arrive.
    ///
    /// A payout's money is taken from where it came from, a refund's from where its payment's money is now.
    func reserveAgain(_ transfer: OutgoingTransfer, at moment: Timestamp, in session: any SQLSession) throws {
        switch transfer.purpose {
        case .refund(_, let payment):
            guard let payment = try session.payment(payment) else { return }
            let sources = try sourcesOrLosses(of: transfer, returning: payment, in: session)
            try reserve(transfer, from: sources, at: moment, in: session)
            try keepCases(of: payment, closing: .init(.refunded, object: transfer.purpose.id, at: moment), in: session)
        case .payout:
            let sources = try reservation(of: transfer, in: session).postings
                .filter { $0.account != transfer.reservedAccount }
                .map { (account: $0.account, amount: $0.amount) }
            try reserve(transfer, from: sources, at: moment, in: session)
        }
    }

    /// Moves the whole money of a payment, and has its refunds take from where it is then.
    ///
    /// A refund of a payment that the rail took back is a loss; a payment that comes back bears its refunds again.
    @discardableResult
    func move<Result>(
        _ payment: PaymentID,
        at moment: Timestamp,
        in session: any SQLSession,
        by change: () throws -> Result
    ) throws -> Result {
        let live = try session.refunds(of: payment).filter { $0.status.state.holdsMoney }
        for refund in live { try unreserve(refund, as: .refundMoved, at: moment, in: session) }
        let result = try change()
        guard !live.isEmpty, let moved = try session.payment(payment) else { return result }
        for refund in live {
            let sources = try sourcesOrLosses(of: refund, returning: moved, in: session)
            try reserve(refund, from: sources, at: moment, in: session)
        }
        try keepCases(of: moved, closing: .init(.superseded, at: moment), in: session)
        return result
    }

    private func unreserve(
        _ transfer: OutgoingTransfer,
        as kind: LedgerTransaction.Kind,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        try reverse(reservation(of: transfer, in: session), as: kind, at: moment, in: session)
    }

    private func reservation(of transfer: OutgoingTransfer, in session: any SQLSession) throws -> LedgerTransaction {
        guard let booked = try session.reservation(of: transfer.purpose.id) else {
            throw SettlementError(.invalidState, "nothing is set aside for \(transfer.purpose.id)")
        }
        return booked
    }

    /// The accounts of a refund that cannot be refused any more: missing money is the operator's loss.
    func sourcesOrLosses(
        of refund: OutgoingTransfer,
        returning payment: Payment,
        in session: any SQLSession
    ) throws -> [(account: AccountID, amount: Amount)] {
        let (taken, missing) = try position(of: payment, in: session).taking(refund.amount)
        return missing.isPositive ? taken + [(.providerLosses, missing)] : taken
    }
}

/// Each amount of a payment on an account for exceptions has one open case of that amount.
extension Settlement {
    /// Updates the open cases of a payment to the amounts that still wait, after refunds have taken or given back.
    ///
    /// A case whose money no longer waits is closed by `resolution`.
    func keepCases(
        of payment: Payment,
        closing resolution: ExceptionCase.Resolution,
        in session: any SQLSession
    ) throws {
        let waiting = try position(of: payment, in: session).waiting.compactMap { account, amount in
            ExceptionCase.Reason(waitingOn: account).map { (reason: $0, amount: amount) }
        }
        let open = try session.cases(of: payment.id).filter { $0.state == .open && $0.reason != .orphaned }
        for known in open {
            guard let amount = waiting.first(where: { known.reason.explains($0.reason) })?.amount else {
                try close(known, resolution, in: session)
                continue
            }
            if amount != known.amount { try session.update(known.id, amount: amount) }
        }
        for (reason, amount) in waiting where !open.contains(where: { $0.reason.explains(reason) }) {
            try self.open(
                ExceptionCase(
                    id: identifiers.next(),
                    reason: reason,
                    merchant: payment.merchant,
                    invoice: payment.invoice,
                    payment: payment.id,
                    amount: amount,
                    openedAt: resolution.moment
                ),
                in: session
            )
        }
    }
}

extension OutgoingTransfer {
    /// The account on which its money is set aside.
    var reservedAccount: AccountID {
        switch purpose {
        case .refund: .refundsPayable(merchant)
        case .payout: .payoutsPayable(merchant)
        }
    }

    fileprivate var reservationKind: LedgerTransaction.Kind {
        switch purpose {
        case .refund: .refundReserved
        case .payout: .payoutReserved
        }
    }
}

extension PayoutStateMachine.State {
    /// Whether money is set aside for the transfer, or has left.
    var holdsMoney: Bool {
        switch self {
        case .awaitingApproval, .awaitingPayment, .inProgress, .unknown, .completed: true
        case .failed, .cancelled: false
        }
    }
}
