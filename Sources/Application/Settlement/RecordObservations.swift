package import Payments
package import Providers
package import Seams
package import Storage

/// The result of recording an observation.
package enum RecordedObservation: Hashable, Sendable {
    /// It is a payment, booked as its classification says.
    case payment(PaymentID, Payment.Classification)
    /// It is not a payment, and was booked.
    case booked
    /// It has no effect on the books.
    case ignored
    /// It was recorded before.
    case repetition
    /// A payment was taken back, because the rail's history no longer has it.
    case undone
    /// It could not be read or booked: it waits for a person, and holds up nothing behind it.
    case setAside
}

extension Settlement {
    /// Records a page of an account's history and moves the scan cursor, in one unit of work.
    ///
    /// - Parameters:
    ///   - page: the page.
    ///   - account: the account that was read.
    ///   - provider: the provider that read it.
    ///   - position: where the page began.
    ///   - lease: the right to scan, where several processes might.
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/conflict`` when the cursor is no longer where the page
    ///   began: somebody else has recorded it, and nothing is recorded twice.
    /// - Returns: what became of each observation, in the page's order.
    @discardableResult
    package func record(
        _ page: ScanPage,
        of account: ScanAccount,
        at provider: any PaymentProvider,
        after position: String?,
        under lease: Lease? = nil
    ) async throws -> [RecordedObservation] {
        let recorder = ObservationRecorder(
            settlement: self,
            provider: provider,
            now: clock.now(),
            isChronological: true
        )
        try faults.pass(.beforeRecording)
        let move = CursorMove(provider: recorder.providerKey, account: account, from: position, to: page)
        let recorded: [RecordedObservation]
        do {
            recorded = try await write(under: lease) { session in
                let undone = try page.undone.map { try recorder.record($0, in: session) }
                try recorder.forgetBalances(revisedBy: page, in: session)
                let recorded = try undone + page.observations.map { try recorder.record($0, in: session) }
                if let sightings = page.sightings { try recorder.replaceSightings(by: sightings, in: session) }
                try move.carryOut(at: recorder.now, in: session)
                return recorded
            }
        } catch  where error.liesInWhatIsRecorded || error.isConflictOfRows {
            // One observation is the cause: each is tried on its own, so that the others are recorded.
            recorded = try await write(under: lease) { session in
                let undone = try page.undone.map { try recorder.recordOrSetAside($0, in: session) }
                try recorder.forgetBalances(revisedBy: page, in: session)
                let observed = try page.observations.map { try recorder.recordOrSetAside($0, in: session) }
                let recorded = undone + observed
                if let sightings = page.sightings {
                    try recorder.replaceSightings(by: sightings, eachAlone: true, in: session)
                }
                try move.carryOut(at: recorder.now, in: session)
                return recorded
            }
        }
        try faults.pass(.afterRecording)
        return recorded
    }

    /// Records the differences between what accounts hold at the scan cursor and what they held when last seen.
    ///
    /// - Throws: what the database throws; nothing is recorded then.
    /// - Returns: what became of the differences; empty when the scan has gone on meanwhile.
    package func record(
        _ marks: [BalanceMark],
        of account: ScanAccount,
        at provider: any PaymentProvider,
        where position: String
    ) async throws -> [RecordedObservation] {
        let now = clock.now()
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: now, isChronological: true)
        return try await database.write { session in
            let current = try session.scanPosition(
                provider: provider.key,
                account: account.account,
                subject: account.subject
            )
            guard current == position else { return [] }
            return try marks.map { try recorder.record($0, in: session) }
        }
    }

    /// Records one observation that a rail pushed.
    ///
    /// - Parameters:
    ///   - observation: what happened.
    ///   - provider: the provider that reports it.
    ///   - heardAt: when it was first pushed; nil when that is now.
    /// - Throws: what the database throws, and ``SettlementError`` with ``SettlementError/Code/conflict`` when it has to be
    ///   tried again later; nothing is recorded then.
    /// - Returns: what became of it.
    @discardableResult
    package func record(
        _ observation: Observation,
        at provider: any PaymentProvider,
        heardAt: Timestamp? = nil
    ) async throws -> RecordedObservation {
        let recorder = ObservationRecorder(
            settlement: self,
            provider: provider,
            now: clock.now(),
            isChronological: false,
            heardAt: heardAt
        )
        try faults.pass(.beforeRecording)
        let recorded: RecordedObservation
        let scope = try await scope(of: observation, at: provider.key)
        do { recorded = try await database.write(in: scope) { try recorder.record(observation, in: $0) } } catch
            where error.liesInWhatIsRecorded || error.isConflictOfRows
        {
            recorded = try await database.write { try recorder.recordOrSetAside(observation, in: $0) }
        }
        try faults.pass(.afterRecording)
        return recorded
    }
}

extension Settlement {
    /// The book in which an observation most likely belongs: that of the merchant whose payment it is.
    private func scope(of observation: Observation, at provider: String) async throws -> WriteScope {
        guard database.isShared, case .incoming(let transfer) = observation, let reference = transfer.reference else {
            return .everything
        }
        // A reference that the database cannot look up names nothing of ours.
        return try await books.scope(of: try? database.lookUp { try $0.merchant(naming: reference, at: provider) })
    }
}

/// How a scan cursor moves over a page.
private struct CursorMove: Sendable {
    private let provider: String
    private let account: ScanAccount
    private let position: String?
    private let next: String?
    private let completeUntil: Timestamp?

    init(provider: String, account: ScanAccount, from position: String?, to page: ScanPage) {
        self.provider = provider
        self.account = account
        self.position = position
        next = page.position
        completeUntil = page.completeUntil
    }

    func carryOut(at now: Timestamp, in session: any SQLSession) throws {
        guard let next, next != position || completeUntil != nil else { return }
        let moved = try session.advanceScan(
            provider: provider,
            account: account.account,
            subject: account.subject,
            from: position,
            to: next,
            completeUntil: completeUntil,
            at: now
        )
        guard moved else { throw SettlementError(.conflict, "the scan cursor of \(account.account) has moved") }
    }
}
