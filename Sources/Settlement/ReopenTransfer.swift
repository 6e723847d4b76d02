import Ledger
import Money
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
        updated.failure = "the chain's history has changed; it is looked for again"
        try session.shareLane(of: id)
        try store(updated, from: stored, nextAttemptAt: moment, in: session)
        try announce(.unknown, updated, at: moment, in: session)
        return true
    }

    private func undoEnd(of transfer: OutgoingTransfer, at moment: Timestamp, in session: any SQLSession) throws {
        let id = transfer.purpose.id
        let all = try session.ledgerTransactions(subject: id)
        // Earlier ends were undone before this one.
        let last = all[(all.lastIndex { $0.kind == .transferReopened }.map { $0 + 1 } ?? 0)...]
        var booked = last.filter { $0.kind == .transferSent || $0.kind == .networkFee }
        if transfer.status.state == .failed {
            let subject = transfer.reservationSubject
            let released = try session.ledgerTransactions(subject: subject).last { ltx in
                ltx.kind == .transferReleased
                    && ltx.postings.contains { $0.account == transfer.reservedAccount && $0.amount == transfer.amount }
            }
            booked += released.map { [$0] } ?? []
        }
        var sums: [BookedSum: Amount] = [:]
        for posting in booked.flatMap(\.postings) {
            let key = BookedSum(account: posting.account, asset: posting.amount.asset)
            sums[key] = try (sums[key] ?? .zero(key.asset)).subtracting(posting.amount)
        }
        let postings = sums.filter { !$0.value.isZero }.sorted { $0.key < $1.key }.map { key, amount in
            Posting(account: key.account, amount: amount)
        }
        guard !postings.isEmpty else { return }
        try post(.transferReopened, subject: id, at: moment, postings, in: session)
    }
}

/// An account in an asset.
private struct BookedSum: Hashable, Comparable {
    let account: AccountID
    let asset: AssetID

    static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.account == rhs.account ? lhs.asset < rhs.asset : lhs.account < rhs.account
    }
}
