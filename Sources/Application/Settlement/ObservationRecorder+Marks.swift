import Money
import Providers
import Seams
import Storage

/// Records changes of a balance that no observation explains.
extension ObservationRecorder {
    /// Records what accounts held around a page; balances since a change of the rail's history are forgotten first.
    func recordMarks(of page: ScanPage, in session: any SQLSession) throws -> [RecordedObservation] {
        if let moment = page.revisedSince {
            try session.forgetAccountBalances(provider: providerKey, after: moment)
        }
        return try page.marks.compactMap { try record($0, in: session) }
    }

    /// Compares what an account held with what it held when it was last seen, and records the difference.
    ///
    /// An option's account without any record is taken to have held nothing; other accounts begin with the first
    /// balance seen.
    func record(_ mark: BalanceMark, in session: any SQLSession) throws -> RecordedObservation? {
        let asset = mark.change.amount.asset
        var known = try session.accountBalance(provider: providerKey, account: mark.account, asset: asset)
        if known == nil, mark.isOfOption, try !session.isHolding(provider: providerKey, account: mark.account) {
            let nothing = AmountSum(of: asset)
            try session.setAccountBalance(
                provider: providerKey,
                account: mark.account,
                to: nothing,
                at: Timestamp(microseconds: 0)
            )
            known = nothing
        }
        guard let before = mark.before, let after = mark.after else {
            // Recorded movements at this place are added to the known balance; others are found by the next mark.
            if var known, let recorded = mark.recorded, !recorded.isZero {
                known.add(recorded.units)
                try session.setAccountBalance(
                    provider: providerKey,
                    account: mark.account,
                    to: known,
                    at: mark.change.occurredAt
                )
            }
            return nil
        }
        try session.setAccountBalance(
            provider: providerKey,
            account: mark.account,
            to: after,
            at: mark.change.occurredAt
        )
        guard let known else { return nil }
        let difference = before.subtracting(known)
        return difference.isZero ? nil : try record(mark.observation(of: difference), in: session)
    }
}
