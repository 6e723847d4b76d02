import Ledger
import Payments
import Seams
import Storage

extension Settlement {
    /// Takes back that a transfer has ended, because the part of the rail's history that showed it has changed.
    ///
    /// What was booked at its end is undone, and the same signed bytes are followed again: most often the rail takes them
    /// once more.
    ///
    /// - Returns: whether it had ended.
    func reopen(_ id: String, at moment: Timestamp, in session: any SQLSession) throws -> Bool {
        guard let stored = try session.outgoing(id), stored.prepared != nil,
            stored.status.state == .completed || stored.status.state == .failed
        else { return false }
        try undoEnd(of: stored, at: moment, in: session)
        var updated = stored
        _ = try updated.status.apply(.historyRevised)
        updated.networkFee = nil
        updated.finishedAt = nil
        updated.concludedAt = nil
        updated.failure = "the chain's history has changed; it is looked for again"
        try session.shareLane(of: id)
        try store(updated, from: stored, nextAttemptAt: moment, in: session)
        try announce(.unknown, updated, at: moment, in: session)
        return true
    }

    private func undoEnd(of transfer: OutgoingTransfer, at moment: Timestamp, in session: any SQLSession) throws {
        let ends: [LedgerTransaction.Kind] = [.transferSent, .networkFee]
        for booked in try session.ledgerTransactions(subject: transfer.purpose.id).standing
        where ends.contains(booked.kind) {
            try reverse(booked, as: .transferReopened, at: moment, in: session)
        }
        if transfer.status.state == .failed { try reserveAgain(transfer, at: moment, in: session) }
    }
}
