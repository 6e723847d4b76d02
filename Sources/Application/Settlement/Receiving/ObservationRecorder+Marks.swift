import BigInt
import Money
import Payments
import Providers
import Seams
import Storage

/// Records changes of a balance that no observation explains.
extension ObservationRecorder {
    /// How long an address is compared after only its balance has shown a payment.
    private static var doubt: Duration { .seconds(30 * 86_400) }

    /// Forgets the balances seen since a change of the rail's history.
    func forgetBalances(revisedBy page: ScanPage, in session: any SQLSession) throws {
        guard let moment = page.revisedSince else { return }
        try session.forgetAccountBalances(provider: providerKey, after: moment)
    }

    /// Compares what an account held with what it held when it was last seen, and records the difference.
    ///
    /// An option's account without any record is taken to have held nothing; other accounts begin with the first balance
    /// seen.
    func record(_ mark: BalanceMark, in session: any SQLSession) throws -> RecordedObservation {
        let (moment, asset) = (mark.change.occurredAt, mark.change.amount.asset)
        var known = try session.accountBalance(provider: providerKey, account: mark.account, asset: asset)
        if known == nil, mark.isOfOption, try !session.isHolding(provider: providerKey, account: mark.account) {
            let nothing = AmountSum(of: asset)
            try remember(nothing, of: mark, at: Timestamp(microseconds: 0), in: session)
            known = nothing
        }
        guard let after = mark.after else {
            // Recorded movements at this place are added to the known balance; others are found by the next mark.
            if var known, let recorded = mark.recorded, !recorded.isZero {
                known.add(recorded.units)
                try remember(known, of: mark, at: moment, in: session)
            }
            return .ignored
        }
        let difference = mark.difference(to: known)
        var recorded = RecordedObservation.ignored
        if !difference.isZero, mark.isOfOption {
            recorded = try settle(difference, of: mark, in: session)
        } else if !difference.isZero {
            let key = try freeName(like: mark.change.naturalKey, in: session)
            recorded = try record(mark.unexplained(difference, named: key), in: session)
        }
        try remember(after, of: mark, at: moment, in: session)
        return recorded
    }

    private func remember(
        _ sum: AmountSum,
        of mark: BalanceMark,
        at moment: Timestamp,
        in session: any SQLSession
    ) throws {
        try session.setAccountBalance(provider: providerKey, account: mark.account, to: sum, at: moment)
    }

    // MARK: - Accounts of options

    /// The records of an option's account that stand, by the names that ``BalanceDifference`` uses.
    private struct Standing {
        var changes: [UntracedChange] = []
        var payments: [PaymentID: Payment] = [:]
    }

    /// Applies the decision of ``BalanceDifference`` about an option's account.
    private func settle(
        _ difference: AmountSum,
        of mark: BalanceMark,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let (standing, found) = try read(difference, of: mark, in: session)
        let (moment, outcome) = (mark.change.occurredAt, found.outcome)
        var recorded: [RecordedObservation] = []
        for change in standing.changes where outcome.undone.contains(change.key) {
            recorded.append(try undo(change.key, at: moment, in: session))
            try take(change.sum, recordedAt: change.occurredAt, outOf: mark, in: session)
        }
        for payment in outcome.takenBack.compactMap({ standing.payments[$0] }) {
            recorded.append(try undo(payment.naturalKey, at: moment, in: session))
            try take(AmountSum(of: payment.amount), recordedAt: payment.occurredAt, outOf: mark, in: session)
        }
        for payment in outcome.returned.compactMap({ standing.payments[$0] }) {
            guard let transfer = mark.payment(of: AmountSum(of: payment.amount)), let reference = transfer.reference
            else { continue }
            // Its sighting, from before it was final, is known by this place.
            let key = try freeName(like: transfer.naturalKey, in: session)
            let note = PaymentNote.shownByBalance
            _ = try session.observe(observationRecord(key, "incoming", note, payment: payment.id))
            // The steps before this one have changed the invoice.
            let match = try session.option(reference, at: providerKey)
            recorded.append(try bring(payment, back: transfer, matching: match, in: session))
        }
        if outcome.payment != 0 {
            let sum = AmountSum(of: difference.asset, units: outcome.payment)
            recorded.append(try receive(sum, of: mark, in: session))
        }
        if outcome.change != 0 {
            let sum = AmountSum(of: difference.asset, units: outcome.change)
            recorded.append(try record(unexplained: sum, of: mark, in: session))
        }
        return recorded.last ?? .ignored
    }

    private func read(
        _ difference: AmountSum,
        of mark: BalanceMark,
        in session: any SQLSession
    ) throws -> (Standing, BalanceDifference) {
        let (account, asset) = (mark.account, difference.asset)
        var standing = Standing()
        standing.changes = try session.untracedChanges(provider: providerKey, account: account, asset: asset)
        let match = try mark.arrival?.reference.flatMap { try session.option($0, at: providerKey) }
        // Money that leaves at this place was still there before it.
        let expected = (mark.after?.units ?? 0) - difference.units
        func shown(_ state: Payment.State) throws -> [BalanceDifference.Shown] {
            guard let option = match?.option else { return [] }
            return try session.paymentsShownByBalance(of: option, in: asset, state).map { payment in
                standing.payments[payment.id] = payment
                let units = AmountSum(of: payment.amount).units
                guard state == .final else { return .init(payment: payment.id, units: units) }
                let (since, provider) = (payment.occurredAt, providerKey)
                let held = try session.accountBalances(provider: provider, account: account, asset: asset, since: since)
                let lowest = held.map(\.units).min().map { min($0, expected) }
                return .init(payment: payment.id, units: units, lowest: lowest ?? 0)
            }
        }
        // Only a rise brings payments back.
        let orphans = difference.units > 0 ? try shown(.orphaned) : []
        let decided = BalanceDifference(
            units: difference.units,
            isPayable: mark.arrival != nil,
            changes: standing.changes.map { .init(key: $0.key, units: $0.sum.units) },
            payments: difference.units < 0 || !orphans.isEmpty ? try shown(.final) : [],
            orphans: orphans
        )
        return (standing, decided)
    }

    /// Takes what is undone out of the balances seen since: the account never held it.
    private func take(
        _ sum: AmountSum,
        recordedAt moment: Timestamp,
        outOf mark: BalanceMark,
        in session: any SQLSession
    ) throws {
        try session.take(sum, outOfBalancesOf: mark.account, provider: providerKey, since: moment)
    }

    /// Records a payment that only the balance shows; a sum that is too large for an amount becomes a case.
    private func receive(
        _ sum: AmountSum,
        of mark: BalanceMark,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let key = try mark.arrival.map { try freeName(like: $0.naturalKey, in: session) }
        guard let transfer = mark.payment(of: sum, named: key) else {
            return try record(unexplained: sum, of: mark, in: session)
        }
        let recorded = try record(.incoming(transfer), in: session)
        // The balance may fall again after the time in which the option could be paid.
        try session.keepScanning(provider: providerKey, account: mark.account, until: now.advanced(by: Self.doubt))
        return recorded
    }

    private func record(
        unexplained sum: AmountSum,
        of mark: BalanceMark,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let key = try freeName(like: mark.change.naturalKey, in: session)
        let recorded = try record(mark.unexplained(sum, named: key), in: session)
        let change = UntracedChange(key: key, sum: sum, occurredAt: mark.change.occurredAt)
        try session.insert(change, provider: providerKey, account: mark.account)
        return recorded
    }

    /// A natural key that is not used yet: several differences can be seen at one place, one after the other.
    private func freeName(like key: NaturalKey, in session: any SQLSession) throws -> NaturalKey {
        var (name, number) = (key, 1)
        while try session.isObserved(name, at: providerKey) {
            number += 1
            name = NaturalKey(stored: "\(key.text) \(number)")
        }
        return name
    }
}
