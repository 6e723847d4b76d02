import Ledger
import Payments
import Records
import Seams
import Storage

extension Settlement {
    /// Reopens a transfer that has ended, because the part of the rail's history that showed its end has changed.
    ///
    /// - Returns: whether it had ended.
    func reopen(_ id: String, at moment: Timestamp, in session: any SQLSession) throws -> Bool {
        guard let stored = try session.outgoing(id), stored.prepared != nil,
            stored.status.state == .completed || stored.status.state == .failed
        else { return false }
        var draft = try draft(about: [stored.merchant], at: moment, in: session)
        try include(stored, in: &draft, session)
        let ended = EndedTransfer(transfer: stored, cases: try casesOfUndelivered(stored, in: session))
        try draft.reopen(ended, because: "the chain's history has changed; it is looked for again")
        try applier(at: moment, in: session).apply(draft.decided())
        return true
    }

    /// Takes a transfer into a draft as the books have it, a refund with its payment.
    func include(_ transfer: OutgoingTransfer, in draft: inout Draft, _ session: any SQLSession) throws {
        draft.planner.books[transfer.merchant] = try session.knownBook(of: transfer.merchant)
        switch transfer.purpose {
        case .refund(_, let payment):
            guard draft.payments[payment] == nil, let booked = try BookedPayment(payment, in: session) else { return }
            draft.include(booked)
        case .payout: draft.include(try BookedTransfer(transfer, in: session))
        }
    }

    /// The spends of a movement that a person had found to be transfers of ours, which end with it; the draft takes the
    /// transfers in.
    func lostSpends(
        of key: NaturalKey,
        at provider: String,
        for draft: inout Draft,
        in session: any SQLSession
    ) throws -> [LostSpend] {
        var lost: [LostSpend] = []
        for spend in try session.spends(of: key) where spend.provider == provider {
            guard let id = spend.transfer, let found = try session.outgoing(id), found.status.state == .completed,
                found.prepared == nil
            else { continue }
            try include(found, in: &draft, session)
            let ended = EndedTransfer(transfer: found, cases: try casesOfUndelivered(found, in: session))
            lost.append(LostSpend(spend: spend, ended: ended))
        }
        return lost
    }

    private func casesOfUndelivered(_ transfer: OutgoingTransfer, in session: any SQLSession) throws -> [ExceptionCase]
    {
        try session.openCases(of: TransferEnd.Undelivered.subject(of: transfer))
    }
}
