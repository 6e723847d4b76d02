import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Records observations of one provider within units of work.
struct ObservationRecorder: Sendable {
    let settlement: Settlement
    let providerKey: String
    let rail: Rail
    /// The terms of an option: what may be paid besides its price.
    let terms: @Sendable (PaymentOption) -> OptionTerms
    let graceAfterExpiry: Duration
    /// Whether options have accounts of their own, whose money is gathered.
    let hasAccountsOfOptions: Bool
    /// Whether refunds are made elsewhere, so that each report of a return is a refund of its own.
    let isReturnedElsewhere: Bool
    /// Whether a scan finds what was not pushed.
    let isScanned: Bool
    /// Whether the rail asks before it takes money.
    let asksBeforeTaking: Bool
    let now: Timestamp
    /// Whether observations are recorded in the order in which they happened; pushed ones may overtake each other.
    let isChronological: Bool
    /// When the observation was first pushed, where that was earlier than now; nil otherwise.
    let heardAt: Timestamp?

    init(
        settlement: Settlement,
        provider: any PaymentProvider,
        now: Timestamp,
        isChronological: Bool,
        heardAt: Timestamp? = nil
    ) {
        self.isChronological = isChronological
        self.heardAt = heardAt
        isReturnedElsewhere = provider.capabilities.refunds == .elsewhere
        isScanned = provider.scan != nil
        self.settlement = settlement
        providerKey = provider.key
        rail = provider.rail
        terms = { provider.terms(of: $0) }
        graceAfterExpiry = provider.capabilities.graceAfterExpiry
        hasAccountsOfOptions = provider.gather != nil
        asksBeforeTaking = provider.push != nil
        self.now = now
    }

    func record(_ observation: Observation, in session: any SQLSession) throws -> RecordedObservation {
        switch observation {
        case .incoming(let transfer):
            return try recordIncoming(transfer, in: session)
        case .movement(let movement):
            return try book(movement, in: session)
        case .sent(let sent):
            let ours = try ours(in: sent, in: session)
            if !ours.isEmpty {
                try reopen(ours, in: session)
                let note = "booked with the transfer \(sent.hash)"
                let isNew = try isNew(sent.naturalKey, "sent", note, in: session)
                if let rest = try unasked(sent, of: ours) {
                    return try book(rest, for: sent.signature?.payments ?? [], in: session)
                }
                return isNew ? .ignored : .repetition
            }
            let recorded = try book(sent.movement, for: sent.signature?.payments ?? [], in: session)
            if recorded != .repetition {
                for (movement, payment) in try sent.movementsOfOtherAssets() {
                    _ = try book(movement, for: [payment], in: session)
                }
                try stop(for: sent, in: session)
            }
            return recorded
        case .refunded(let key, let payment, let amount, let moment):
            return try recordRefund(Return(key, of: payment, amount, at: believable(moment)), in: session)
        case .vanished(let key, let moment):
            return try undo(key, at: moment, in: session)
        case .uncertain(let transfer, let moment):
            return try settlement.reopen(transfer, at: moment, in: session) ? .undone : .repetition
        case .ignored(let key, let reason):
            return try isNew(key, "ignored", reason, in: session) ? .ignored : .repetition
        case .setAside(let found, let bytes):
            return try setAside(found, bytes, in: session)
        case .mark(let mark):
            return try record(mark, in: session)
        }
    }

    /// Follows transfers again that ended without having been taken, and that the chain shows to have left all the same.
    ///
    /// A transfer that was taken and failed has cost a fee. One that has cost none had its money given back because
    /// nodes did not show it.
    private func reopen(_ transfers: [OutgoingTransfer], in session: any SQLSession) throws {
        for transfer in transfers where transfer.status.state == .failed && transfer.networkFee == nil {
            _ = try settlement.reopen(transfer.purpose.id, at: now, in: session)
        }
    }

    private func recordIncoming(
        _ told: IncomingTransfer,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        var transfer = told
        transfer.occurredAt = believable(told.occurredAt)
        let id: PaymentID = settlement.identifiers.next()
        let note = transfer.isShownByBalance ? PaymentNote.shownByBalance : ""
        let observation = observationRecord(transfer.naturalKey, "incoming", note, payment: id)
        let isNew: Bool
        var match: OptionMatch?
        if let reference = transfer.reference {
            (isNew, match) = try session.observe(observation, matching: reference)
        } else {
            isNew = try session.observe(observation)
        }
        guard isNew else {
            // A history tells of the payment alone; what the customer has told may come after it, by an update.
            if transfer.personalData != nil,
                let stored = try session.payment(naturalKey: transfer.naturalKey, at: providerKey)
            {
                try settlement.storePersonalData(transfer.personalData, of: stored, at: now, in: session)
            }
            return try recordReturn(of: transfer, matching: match, in: session)
        }
        let source = AccountID.providerReceivable(providerKey)
        let arrival = Arrival(id: id, transfer: transfer, source: source, stored: nil, madeAt: transfer.occurredAt)
        let recorded = try receive(arrival, matching: match, in: session)
        // What was seen of it is told as a payment now.
        if match?.isSeen == true { try session.removeSighting(transfer.naturalKey, provider: providerKey) }
        return recorded
    }

    /// By how much the clock of a rail that pushes may be ahead of ours.
    private static let mostAhead = Duration.seconds(3_600)

    /// The time of a pushed observation; now, when the rail's time lies too far in the future.
    ///
    /// A scanned history has a clock of its own, by which its changes are dated as well.
    private func believable(_ moment: Timestamp) -> Timestamp {
        isChronological || moment <= now.advanced(by: Self.mostAhead) ? moment : now
    }

    func isNew(_ key: NaturalKey, _ kind: String, _ note: String, in session: any SQLSession) throws -> Bool {
        try session.observe(observationRecord(key, kind, note))
    }

    func observationRecord(
        _ key: NaturalKey,
        _ kind: String,
        _ note: String,
        payment: PaymentID? = nil
    ) -> ObservationRecord {
        ObservationRecord(key, provider: providerKey, kind: kind, note: note, payment: payment, at: now)
    }
}
