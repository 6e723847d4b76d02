import Ledger
import Money
import Payments
import Seams
import Storage

/// Money that is set aside for a transfer, by one ledger transaction that the transfer names.
///
/// It is reversed when the transfer fails. Because the transfer names it, the money of two transfers of the same amount
/// is never confused.
extension Draft {
    /// Sets aside the amount of a stored transfer.
    mutating func reserve(
        _ transfer: OutgoingTransfer,
        from sources: [(account: AccountID, amount: Amount)],
        at moment: Timestamp
    ) throws {
        var postings = sources.map { Posting(account: $0.account, amount: $0.amount) }
        postings.append(Posting(account: transfer.reservedAccount, amount: try transfer.amount.negated()))
        guard let id = try post(transfer.reservationKind, of: .transfer(transfer), at: moment, postings) else { return }
        reserve(transfer, by: id)
    }

    /// Gives the money back to the accounts that it came from; a network fee that was charged all the same is a cost.
    mutating func release(_ transfer: OutgoingTransfer, fee: Amount?) throws {
        try unreserve(transfer, as: .transferReleased)
        if let fee, !fee.isZero {
            let charged = try Bookkeeping.charged(fee, at: transfer.provider)
            try post(.networkFee, of: .transfer(transfer), at: now, charged)
        }
        tell(.transfer(.failed, transfer))
    }

    /// Sets aside again money that was given back, because the transfer may still arrive.
    ///
    /// A payout's money is taken from where it came from, a refund's from where its payment's money is now.
    mutating func reserveAgain(_ transfer: OutgoingTransfer, at moment: Timestamp) throws {
        switch transfer.purpose {
        case .refund(_, let payment):
            guard payments[payment] != nil else { return }
            try reserve(transfer, from: sourcesOrLosses(of: transfer, returning: payment), at: moment)
            try updateCases(of: payment, closing: .init(.refunded, object: transfer.purpose.id, at: moment))
        case .payout:
            let sources = try reservation(of: transfer).postings
                .filter { $0.account != transfer.reservedAccount }
                .map { (account: $0.account, amount: $0.amount) }
            try reserve(transfer, from: sources, at: moment)
        }
    }

    /// Moves the whole money of a payment, and has its refunds take from where it is then.
    ///
    /// A refund of a payment that the rail took back is a loss; a payment that comes back bears its refunds again.
    mutating func move<Value>(_ payment: PaymentID, by change: (inout Draft) throws -> Value) throws -> Value {
        let live = (payments[payment]?.liveRefunds ?? []).map(\.transfer)
        for refund in live { try unreserve(refund, as: .refundMoved) }
        let value = try change(&self)
        guard !live.isEmpty else { return value }
        for refund in live {
            try reserve(refund, from: sourcesOrLosses(of: refund, returning: payment), at: now)
        }
        try updateCases(of: payment, closing: .init(.superseded, at: now))
        return value
    }

    private mutating func unreserve(_ transfer: OutgoingTransfer, as kind: LedgerTransaction.Kind) throws {
        try reverse(reservation(of: transfer), of: .transfer(transfer.purpose), as: kind, at: now)
    }

    private func reservation(of transfer: OutgoingTransfer) throws -> LedgerTransaction {
        guard let booked = self.transfer(transfer.purpose)?.reservation else {
            throw SettlementError(.invalidState, "nothing is set aside for \(transfer.purpose.id)")
        }
        return booked
    }

    /// The accounts of a refund that cannot be refused any more: missing money is the operator's loss.
    func sourcesOrLosses(
        of refund: OutgoingTransfer,
        returning payment: PaymentID
    ) throws -> [(account: AccountID, amount: Amount)] {
        guard let (taken, missing) = try payments[payment]?.position.taking(refund.amount) else {
            return [(.providerLosses, refund.amount)]
        }
        return missing.isPositive ? taken + [(.providerLosses, missing)] : taken
    }
}

/// Each amount of a payment on an account for exceptions has one open case of that amount.
extension Draft {
    /// Updates the open cases of a payment to the amounts that still wait, after refunds have taken or given back.
    ///
    /// A case whose money no longer waits is closed by `resolution`.
    mutating func updateCases(of id: PaymentID, closing resolution: ExceptionCase.Resolution) throws {
        guard let booked = payments[id] else { return }
        let waiting = try booked.position.waiting.compactMap { account, amount in
            ExceptionCase.Reason(waitingOn: account).map { (reason: $0, amount: amount) }
        }
        let open = booked.cases.filter { $0.reason != .orphaned }
        for known in open {
            guard let amount = waiting.first(where: { known.reason.explains($0.reason) })?.amount else {
                close(known, resolution)
                continue
            }
            if amount != known.amount { update(known, amount: amount) }
        }
        for (reason, amount) in waiting where !open.contains(where: { $0.reason.explains(reason) }) {
            self.open(
                ExceptionCase(
                    id: planner.identifiers.next(),
                    reason: reason,
                    merchant: booked.payment.merchant,
                    invoice: booked.payment.invoice,
                    payment: id,
                    amount: amount,
                    openedAt: resolution.moment
                )
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
