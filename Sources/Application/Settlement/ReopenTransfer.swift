import Ledger
import Payments
import Records
import Seams
import Storage

extension Settlement {
    /// Reopens a transfer that has ended, because the part of the rail's history that showed its end has changed.
    ///
    /// The ledger transactions of its end are reversed, and the same signed bytes are followed again: most often the
    /// rail takes them once more.
    ///
    /// - Returns: whether it had ended.
    func reopen(_ id: String, at moment: Timestamp, in session: any SQLSession) throws -> Bool {
        guard let stored = try session.outgoing(id), stored.prepared != nil,
            stored.status.state == .completed || stored.status.state == .failed
        else { return false }
        try reopen(stored, "the chain's history has changed; it is looked for again", at: moment, in: session)
        return true
    }

    private func reopen(
        _ stored: OutgoingTransfer,
        _ sentence: String,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        try undoEnd(of: stored, at: moment, in: session)
        try closeCase(ofUndelivered: stored, at: moment, in: session)
        var updated = stored
        _ = try updated.status.apply(.historyRevised)
        updated.networkFee = nil
        updated.finishedAt = nil
        updated.concludedAt = nil
        updated.failure = sentence
        try store(&updated, from: stored, nextAttemptAt: moment, in: session)
        try announce(.unknown, updated, at: moment, in: session)
    }

    /// Removes from a wallet's list the spends that have vanished from the chain.
    ///
    /// A transfer that a person had found among them is unknown again: the gateway cannot send those bytes again, and
    /// somebody else can. The wallet is held until a person decides again. Its numbers from there on are forgotten, so
    /// that any use of them is noticed.
    func loseSpends(_ key: NaturalKey, of provider: String, at moment: Timestamp, in session: any SQLSession) throws {
        for spend in try session.spends(of: key) where spend.provider == provider {
            guard let id = spend.transfer, let found = try session.outgoing(id), found.status.state == .completed,
                found.prepared == nil
            else { continue }
            let sentence = "\(spend.evidence), which was said to be \(id), is no longer in the chain, and may come back"
            try reopen(found, sentence, at: moment, in: session)
            try hold(spend.wallet, of: provider, .spent, sentence, at: moment, in: session)
            if let number = spend.number { try session.forget(spend.wallet, of: provider, from: number) }
        }
        try session.vanish(key, at: moment)
    }

    private func undoEnd(of transfer: OutgoingTransfer, at moment: Timestamp, in session: any SQLSession) throws {
        let all = try session.ledgerTransactions(LedgerSubject(transfer.purpose))
        for booked in all.standing where booked.kind.endsTransfer {
            try reverse(booked, as: .transferReopened, at: moment, in: session)
        }
        if transfer.status.state == .failed { try reserveAgain(transfer, at: moment, in: session) }
    }
}
