import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Money that is set aside for a transfer: by one ledger transaction, which the transfer names, and which is undone when
/// the transfer comes to nothing. What two transfers of the same amount took is never confused.
extension Settlement {
    /// Sets aside what a stored transfer sends.
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
        try session.reserve(transfer.purpose.id, by: booked.id)
    }

    /// Gives back what was set aside, to the accounts that it came from; what the network charged all the same is a cost.
    func release(_ transfer: OutgoingTransfer, fee: Amount?, at now: Timestamp, in session: any SQLSession) throws {
        try unreserve(transfer, as: .transferReleased, at: now, in: session)
        if let fee, !fee.isZero {
            let charged = try Bookkeeping.charged(fee, at: transfer.provider)
            try post(.networkFee, of: .transfer(transfer), at: now, charged, in: session)
        }
        try announce(.failed, transfer, at: now, in: session)
    }

    /// Sets aside again what was given back, because the transfer may still arrive: a payout's money from where it came
    /// from, a refund's from where its payment's money is now.
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

    /// Moves the whole money of a payment, and has its refunds take from where it is then: what the rail took back is
    /// nowhere, and a refund of it is a loss; what comes back bears its refunds again.
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

    /// Where a refund's money comes from when there is no choice any more: what is not there is the operator's loss.
    func sourcesOrLosses(
        of refund: OutgoingTransfer,
        returning payment: Payment,
        in session: any SQLSession
    ) throws -> [(account: AccountID, amount: Amount)] {
        let (taken, missing) = try position(of: payment, in: session).taking(refund.amount)
        return missing.isPositive ? taken + [(.providerLosses, missing)] : taken
    }
}

/// Cases say what waits of a payment: each amount on an account for exceptions has one open case, of that amount.
extension Settlement {
    /// Brings the open cases of a payment in step with what waits of it, after refunds have taken or given back.
    ///
    /// A case of which nothing waits any more is closed by `resolution`.
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
