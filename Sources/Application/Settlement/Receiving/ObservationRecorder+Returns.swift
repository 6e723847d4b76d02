import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Records a rail's report that a payment was returned: it is booked, or set aside with a case.
extension ObservationRecorder {
    /// A return as a rail reports it.
    struct Return {
        let key: NaturalKey
        /// The payment that was returned.
        let payment: NaturalKey
        let amount: Amount
        /// When it happened, by the rail's clock.
        let moment: Timestamp
        /// The key under which it is set aside; a scan's report of the same return is still booked.
        var asideKey: NaturalKey { NaturalKey("return", key.text) }

        init(_ key: NaturalKey, of payment: NaturalKey, _ amount: Amount, at moment: Timestamp) {
            self.key = key
            self.payment = payment
            self.amount = amount
            self.moment = moment
        }
    }

    /// How long the report of a return waits for its payment, which it may have overtaken.
    private static let patience = Duration.seconds(3_600)
    /// How long it waits at most for a scan that may bring the payment: for as long as updates wait.
    private static let longestPatience = Duration.seconds(86_400)

    func recordRefund(_ told: Return, in session: any SQLSession) throws -> RecordedObservation {
        if let payment = try session.payment(naturalKey: told.payment, at: providerKey) {
            if isReturnedElsewhere { return try recordReport(told, of: payment, in: session) }
            guard try isNew(told.key, "refunded", told.payment.text, in: session) else { return .repetition }
            return try bookReturn(of: payment, in: session) { draft, merchant in
                try draft.recordRailRefund(told.amount, of: payment.id, for: merchant)
            }
        }
        let foreign = try session.payment(naturalKey: told.payment, elsewhereThan: providerKey)
        guard isChronological || foreign != nil else { return try wait(told, in: session) }
        return try book(
            AccountMovement(
                naturalKey: told.key,
                kind: .takenBack,
                amount: told.amount.negated(),
                reason: "the rail returned a payment that is not known",
                occurredAt: told.moment
            ),
            naming: foreign.map { "the return names the payment \($0.id) of the provider \($0.provider)" },
            in: session
        )
    }

    /// Books a report that the payment provider has returned a payment, in full or in part.
    ///
    /// A report that cannot be a further part, or may be a refund that a merchant has recorded already, waits for a
    /// person.
    private func recordReport(
        _ told: Return,
        of payment: Payment,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        guard try !isKnown(told, in: session) else { return .repetition }
        let refunds = try session.refunds(of: payment.id).filter { $0.status.state.holdsMoney }
        let returned = try Amount.sum(refunds.map(\.amount), asset: payment.amount.asset)
        let rest = try payment.amount.subtracting(returned)
        let asset = try settlement.asset(payment.amount.asset)
        let report = "the rail reports that \(try asset.text(told.amount)) of the payment \(payment.id) was returned"
        let remedy = "record with its 'provider_reference' what is not booked, then dismiss the case"
        // A merchant's record has the payment provider's number, which Telegram does not report.
        if let same = refunds.first(where: { $0.prepared != nil && $0.amount == told.amount }) {
            let sentence = "\(report), which may be the refund \(same.purpose.id), recorded by its number; \(remedy)"
            return try setAside(told, sentence, of: payment.merchant, in: session)
        }
        guard told.amount.isPositive, try told.amount.compared(to: rest) != .greater else {
            let sentence = "\(report), and \(try asset.text(rest)) is left of it; \(remedy)"
            return try setAside(told, sentence, of: payment.merchant, in: session)
        }
        guard try isNew(told.key, "refunded", told.payment.text, in: session) else { return .repetition }
        return try bookReturn(of: payment, in: session) { draft, merchant in
            try draft.adopt(told.amount, of: payment.id, for: merchant)
        }
    }

    /// Books that a payment was returned, as a rule decides.
    private func bookReturn(
        of payment: Payment,
        in session: any SQLSession,
        by rule: (inout Draft, MerchantID) throws -> Void
    ) throws -> RecordedObservation {
        let merchant = payment.merchant ?? settlement.operatorMerchant
        var draft = try settlement.draft(about: [merchant], at: now, in: session)
        draft.include(try BookedPayment(payment, in: session))
        try rule(&draft, merchant)
        try settlement.applier(at: now, in: session).apply(draft.decided())
        return .booked
    }

    /// Has the report of a return tried again until its payment is recorded; sets it aside when the payment can no
    /// longer come.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/conflict`` while the payment may still come.
    private func wait(_ told: Return, in session: any SQLSession) throws -> RecordedObservation {
        guard try !isKnown(told, in: session) else { return .repetition }
        guard try isPatienceOver(in: session) else {
            throw SettlementError(.conflict, "the payment that was returned has not been recorded yet")
        }
        let amount = try settlement.asset(told.amount.asset).text(told.amount)
        let sentence = "the rail reports that \(amount) was returned of a payment that is not known: \(told.payment)"
        return try setAside(told, sentence, of: nil, in: session)
    }

    private func isPatienceOver(in session: any SQLSession) throws -> Bool {
        guard settlement.clock.knowsTheTime, let heardAt, heardAt.advanced(by: Self.patience) < now else {
            return false
        }
        guard isScanned, heardAt.advanced(by: Self.longestPatience) >= now else { return true }
        return try session.completeUntil(provider: providerKey).map { $0 > heardAt } ?? false
    }

    /// Whether a return was recorded, perhaps by a scan, or set aside.
    private func isKnown(_ told: Return, in session: any SQLSession) throws -> Bool {
        try session.isObserved(told.key, at: providerKey) || session.isObserved(told.asideKey, at: providerKey)
    }

    /// Sets the report of a return aside, once, with a case about it.
    private func setAside(
        _ told: Return,
        _ explanation: String,
        of merchant: MerchantID?,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let found = SetAside(
            naturalKey: told.asideKey,
            account: providerKey,
            asset: told.amount.asset,
            // Where there is a scan, the return changes the balance only when the scan finds it.
            units: isScanned ? nil : try told.amount.negated().units.description,
            cause: .refused,
            explanation: explanation,
            occurredAt: told.moment
        )
        return try setAside(found, Array(String(describing: told).utf8), of: merchant, in: session)
    }
}
