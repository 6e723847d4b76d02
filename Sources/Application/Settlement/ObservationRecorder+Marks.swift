import Money
import Providers
import Seams
import Storage

/// What becomes of balances that are not what they were when they were last seen.
extension ObservationRecorder {
    /// Records what accounts held around a page; after a change of the rail's history they held what they did before it.
    func recordMarks(of page: ScanPage, in session: any SQLSession) throws -> [RecordedObservation] {
        if let moment = page.revisedSince {
            try session.forgetAccountBalances(provider: providerKey, after: moment)
        }
        return try page.marks.compactMap { try record($0, in: session) }
    }

    /// Compares what an account held with what it held when it was last seen, and records the difference.
    ///
    /// An option's account of which nothing was ever recorded held nothing; of others the first sight is the beginning.
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
            // What is recorded of the place is part of what it holds now; what nobody tells is found by the next mark.
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
