import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Sets aside what cannot be stored, read or booked: nothing is lost, and nothing behind it waits.
extension ObservationRecorder {
    /// Stores a set-aside record with a case about it.
    func setAside(
        _ found: SetAside,
        _ bytes: [UInt8],
        of merchant: MerchantID? = nil,
        in session: any SQLSession
    ) throws -> RecordedObservation {
        let id: CaseID = settlement.identifiers.next()
        guard try isNew(found.naturalKey, "set_aside", found.cause.rawValue, in: session),
            try insert(found, bytes, case: id, in: session)
        else { return .repetition }
        try settlement.open(
            ExceptionCase(
                id: id,
                reason: .unreadable,
                merchant: merchant,
                invoice: nil,
                payment: nil,
                movement: found.naturalKey,
                setAside: found,
                amount: nil,
                openedAt: now
            ),
            in: session
        )
        return .setAside
    }

    /// Stores the rail's bytes, sealed where the rail pushes them and they may hold personal data.
    private func insert(
        _ found: SetAside,
        _ bytes: [UInt8],
        case id: CaseID,
        in session: any SQLSession
    ) throws -> Bool {
        let kept = Array(bytes.prefix(SetAside.byteLimit))
        return try session.insert(
            found,
            bytes: asksBeforeTaking ? settlement.personalData.seal(setAside: kept, of: id) : kept,
            isSealed: asksBeforeTaking,
            provider: providerKey,
            case: id,
            at: now
        )
    }

    /// Records an observation, or sets it aside when it cannot be recorded for a reason of its own.
    ///
    /// - Throws: errors with another cause: the database does not answer, or somebody else has recorded it.
    func recordOrSetAside(_ observation: Observation, in session: any SQLSession) throws -> RecordedObservation {
        func attempt() throws -> Result<RecordedObservation, any Error> {
            try session.inSavepoint { try record(observation, in: session) }
        }
        var result = try attempt()
        // Nobody else writes within a unit of work: what conflicts twice in one conflicts with itself, and always
        // would.
        if case .failure(let error) = result, error.isConflictOfRows { result = try attempt() }
        switch result {
        case .success(let recorded): return recorded
        case .failure(let error) where error.liesInWhatIsRecorded || error.isConflictOfRows:
            let found = observation.setAside(because: error, at: providerKey, now: now)
            return try setAside(found, Array(String(describing: observation).utf8), in: session)
        case .failure(let error): throw error
        }
    }

    /// Takes back a set-aside record that is no longer part of the rail's history.
    ///
    /// - Returns: whether anything was set aside under the key.
    func undoSetAside(_ key: NaturalKey, in session: any SQLSession) throws -> Bool {
        guard let id = try session.forgetSetAside(key, provider: providerKey, at: now) else { return false }
        if let opened = try session.exceptionCase(id), opened.state == .open {
            try settlement.close(opened, .init(.superseded, at: now), in: session)
        }
        return true
    }
}

extension Observation {
    /// The set-aside record of an observation that could not be recorded.
    fileprivate func setAside(because error: any Error, at provider: String, now: Timestamp) -> SetAside {
        let (key, amount, moment) = essence(now: now)
        return SetAside(
            naturalKey: key,
            account: provider,
            asset: amount?.asset,
            units: amount?.units.description,
            cause: SetAside.Cause(error),
            explanation: "it could not be recorded: \(error)",
            occurredAt: moment
        )
    }

    /// The natural key, by how much a balance changed, and when.
    private func essence(now: Timestamp) -> (key: NaturalKey, amount: Amount?, moment: Timestamp) {
        switch self {
        case .incoming(let transfer): (transfer.naturalKey, transfer.amount, transfer.occurredAt)
        case .movement(let movement): (movement.naturalKey, movement.amount, movement.occurredAt)
        case .sent(let sent): (sent.naturalKey, sent.movement.amount, sent.movement.occurredAt)
        case .refunded(let key, _, let amount, let moment): (key, try? amount.negated(), moment)
        case .vanished(let key, let moment): (NaturalKey("vanished", key.text), nil, moment)
        case .uncertain(let transfer, let moment): (NaturalKey("uncertain", transfer), nil, moment)
        case .ignored(let key, _): (key, nil, now)
        case .setAside(let found, _): (found.naturalKey, nil, found.occurredAt)
        // What it would have shown is shown by the next one.
        case .mark(let mark): (NaturalKey("mark", mark.change.naturalKey.text), nil, mark.change.occurredAt)
        }
    }
}

extension SetAside.Cause {
    fileprivate init(_ error: any Error) {
        switch error {
        case let error as MoneyError where error.code == .overflow: self = .tooLarge
        case let error as StorageError where error.code == .unstorable: self = .unstorable
        default: self = .refused
        }
    }
}

extension Error {
    /// Whether rows had changed since they were read; the database has tried several times by then.
    var isConflictOfRows: Bool { (self as? StorageError)?.code == .conflict }

    /// Whether the reason lies in what is recorded, so that recording it again can never succeed.
    ///
    /// Nothing external is asked within a unit of work, so that either a rule about the values fails or the database
    /// does. Of the database's errors, only those about a value that does not fit count. An error of any other type
    /// stops the page.
    package var liesInWhatIsRecorded: Bool {
        switch self {
        case let error as StorageError: error.liesInValues
        // Somebody else was first, or something that it depends on is not stored yet.
        case let error as SettlementError: error.code != .conflict && error.code != .unavailable
        case is MoneyError, is PaymentsError: true
        case is any CodedError: true
        default: false
        }
    }
}
