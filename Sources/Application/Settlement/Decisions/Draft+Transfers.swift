import Ledger
import Money
import Payments
import Records
import Seams

/// What becomes of refunds and payouts.
extension Draft {
    /// Ends a transfer by an event: the money set aside for it has left, or is given back.
    ///
    /// - Throws: `PaymentsError` when the event has no meaning in the transfer's state.
    /// - Returns: the transfer as it is then.
    mutating func end(_ stored: OutgoingTransfer, as end: TransferEnd) throws -> OutgoingTransfer {
        var updated = stored
        let action = try updated.status.apply(end.event)
        updated.concludedAt = end.decidedAt
        updated.networkFee = end.fee
        updated.failure = end.failure
        updated.finishedAt = now
        updated = update(updated, from: stored, nextAttemptAt: now)
        switch action {
        case .postCompleted: try complete(updated, fee: end.fee)
        case .releaseFunds: try giveBack(updated, fee: end.fee)
        case .sign, .submit, .watch, .reopen, .none: break
        }
        if let lost = end.undelivered { open(lost.exceptionCase(about: updated, in: self)) }
        return updated
    }

    /// A transfer has left: the amount that was set aside is gone, and so is the network's fee.
    mutating func complete(_ transfer: OutgoingTransfer, fee: Amount?) throws {
        let postings = try Bookkeeping.sent(
            transfer.amount,
            fee: fee,
            from: transfer.provider,
            reserved: transfer.reservedAccount
        )
        try post(.transferSent, of: .transfer(transfer), at: now, postings)
        tell(.transfer(.completed, transfer))
    }

    /// Gives back a transfer's money; the money of a failed refund waits for a decision again, where it waited before.
    private mutating func giveBack(_ transfer: OutgoingTransfer, fee: Amount?) throws {
        try release(transfer, fee: fee)
        guard case .refund(_, let payment) = transfer.purpose else { return }
        try updateCases(of: payment, closing: .init(.superseded, at: now))
    }

    /// Asks for a transfer, and sets its money aside.
    mutating func request(
        _ transfer: OutgoingTransfer,
        from sources: [(account: AccountID, amount: Amount)]
    ) throws {
        store(transfer)
        try reserve(transfer, from: sources, at: now)
        tell(.transfer(.created, transfer))
    }

    /// Approves or cancels a transfer before anything was signed.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/invalidState`` when it is too late.
    /// - Returns: the transfer as it is then.
    mutating func decide(_ stored: OutgoingTransfer, approve: Bool) throws -> OutgoingTransfer {
        var updated = stored
        let action: PayoutStateMachine.Action
        do throws(PaymentsError) { action = try updated.status.apply(approve ? .approved : .cancelled) } catch {
            throw SettlementError(error)
        }
        guard action != .none else { return stored }
        if action == .releaseFunds { updated.finishedAt = now }
        updated = update(updated, from: stored, nextAttemptAt: now)
        if action == .releaseFunds { try release(updated, fee: nil) }
        return updated
    }

    /// Cancels the refunds of a payment that wait to be sent and must not be sent any more.
    mutating func callOffRefunds(of payment: PaymentID, because reason: String) throws {
        for refund in payments[payment]?.refunds ?? [] where refund.transfer.status.state == .awaitingPayment {
            try callOff(refund.transfer, because: reason)
        }
    }

    private mutating func callOff(_ refund: OutgoingTransfer, because reason: String) throws {
        var cancelled = refund
        let action = try cancelled.status.apply(.cancelled)
        cancelled.finishedAt = now
        cancelled.failure = reason
        cancelled = update(cancelled, from: refund, nextAttemptAt: now)
        if action == .releaseFunds { try release(cancelled, fee: nil) }
    }

    /// Has an unknown transfer wait to be signed again; a refund whose payment is gone from the chain is cancelled.
    ///
    /// - Returns: the transfer as it is then.
    mutating func owe(_ stored: OutgoingTransfer) throws -> OutgoingTransfer {
        guard stored.status.state == .unknown else { return stored }
        var updated = stored
        do throws(PaymentsError) { _ = try updated.status.apply(.foundOwed) } catch { throw SettlementError(error) }
        updated.failure = nil
        updated = update(updated, from: stored, nextAttemptAt: now)
        if case .refund(_, let id) = updated.purpose, payments[id]?.payment.state != .final {
            try callOff(updated, because: "the payment is no longer part of the chain")
        }
        return transfer(updated.purpose)?.transfer ?? updated
    }

    // MARK: - Returns that were made elsewhere

    /// Records that a rail has returned a payment: our own refund is confirmed, and one that was made elsewhere is
    /// booked as a new refund.
    mutating func recordRailRefund(_ amount: Amount, of id: PaymentID, for merchant: MerchantID) throws {
        let refunds = (payments[id]?.refunds ?? []).map(\.transfer)
        if let pending = refunds.first(where: { [.inProgress, .unknown].contains($0.status.state) }) {
            var updated = pending
            let action = try updated.status.apply(.confirmed)
            updated.finishedAt = now
            updated = update(updated, from: pending, nextAttemptAt: now)
            if action == .postCompleted { try complete(updated, fee: nil) }
        } else if !refunds.contains(where: { $0.status.state == .completed }) {
            try callOffRefunds(of: id, because: "the rail returned the payment first")
            try adopt(amount, of: id, for: merchant)
        }
    }

    /// Books a refund that was made without us.
    mutating func adopt(_ amount: Amount, of id: PaymentID, for merchant: MerchantID) throws {
        guard let payment = payments[id]?.payment else { return }
        let transfer = OutgoingTransfer(
            purpose: .refund(planner.identifiers.next(), of: id),
            merchant: merchant,
            provider: payment.provider,
            amount: amount,
            destination: payment.refundTarget ?? "",
            reason: "returned by the rail",
            status: PayoutStateMachine(state: .completed),
            createdAt: now,
            finishedAt: now
        )
        store(transfer)
        try reserve(transfer, from: sourcesOrLosses(of: transfer, returning: id), at: now)
        try complete(transfer, fee: nil)
        try updateCases(of: id, closing: .init(.refunded, object: transfer.purpose.id, at: now))
    }

    // MARK: - History that has changed

    /// Reopens a transfer that has ended, because the part of the rail's history that showed its end has changed.
    ///
    /// The ledger transactions of its end are reversed, and the same signed bytes are followed again: most often the
    /// rail takes them once more.
    mutating func reopen(_ ended: EndedTransfer, because sentence: String) throws {
        let stored = ended.transfer
        for booked in (transfer(stored.purpose)?.booked ?? []).standing where booked.kind.endsTransfer {
            try reverse(booked, of: .transfer(stored.purpose), as: .transferReopened, at: now)
        }
        if stored.status.state == .failed { try reserveAgain(stored, at: now) }
        for open in ended.cases { close(open, .init(.superseded, at: now)) }
        var updated = stored
        _ = try updated.status.apply(.historyRevised)
        updated.networkFee = nil
        updated.finishedAt = nil
        updated.concludedAt = nil
        updated.failure = sentence
        updated = update(updated, from: stored, nextAttemptAt: now)
        tell(.transfer(.unknown, updated))
    }

    /// Takes back that a person had found a transfer among a wallet's spends: it is unknown again, because the gateway
    /// cannot send those bytes again, and somebody else can.
    ///
    /// The wallet is held until a person decides again. Its numbers from there on are forgotten, so that any use of them
    /// is noticed.
    mutating func lose(_ lost: LostSpend) throws {
        let (spend, id) = (lost.spend, lost.ended.transfer.purpose.id)
        let sentence = "\(spend.evidence), which was said to be \(id), is no longer in the chain, and may come back"
        try reopen(lost.ended, because: sentence)
        add(.wallet(.held(wallet: spend.wallet, of: spend.provider, because: sentence)))
        if let number = spend.number {
            add(.wallet(.forgotNumbers(wallet: spend.wallet, of: spend.provider, from: number)))
        }
    }
}

/// How a transfer ended.
struct TransferEnd: Sendable {
    let event: PayoutStateMachine.Event
    var fee: Amount?
    var failure: String?
    /// When the rail's history decided it; nil when something else did.
    var decidedAt: Timestamp?
    /// Its amount in words, when it left and was lost on its way: a case says that nobody received it.
    var undelivered: Undelivered?

    /// A transfer that left and was lost on its way.
    struct Undelivered: Sendable {
        let amount: String
    }
}

/// A transfer that has ended, as it was read, with the open cases about it.
struct EndedTransfer {
    let transfer: OutgoingTransfer
    var cases: [ExceptionCase] = []
}

/// A spend that is gone from the chain, and the transfer that a person had said it to be.
struct LostSpend {
    let spend: WalletSpend
    let ended: EndedTransfer
}
