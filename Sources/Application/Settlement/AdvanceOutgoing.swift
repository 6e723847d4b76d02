import Ledger
import Money
package import Payments
import Providers
import Records
import Seams
package import Storage

extension Settlement {
    /// How soon a transfer is looked at again.
    static let pollInterval = Duration.seconds(1)
    /// How soon a transfer is tried again after a failure that leaves its outcome open.
    static let retryInterval = Duration.seconds(5)

    /// Takes the next step with a transfer: sign and store it, submit it, or learn its fate.
    ///
    /// A crash between any two lines neither loses nor repeats a transfer. The signed bytes are stored before they are
    /// submitted, the same bytes are submitted again, and only the rail's answer ends the transfer.
    ///
    /// - Parameters:
    ///   - id: the transfer.
    ///   - lease: the right to send, where several processes might.
    /// - Throws: what the database throws; the step is taken again then.
    /// - Returns: the transfer after the step.
    @discardableResult
    package func advance(_ id: String, under lease: Lease? = nil) async throws -> OutgoingTransfer {
        guard let stored = try await database.read({ try $0.outgoing(id) }) else {
            throw SettlementError(.notFound, "there is no transfer \(id)")
        }
        let provider = try provider(stored.provider)
        guard let sender = provider.send else {
            throw SettlementError(.unsupported, "\(provider.key) sends nothing")
        }
        switch (stored.status.state, stored.prepared) {
        case (.awaitingPayment, _):
            guard let batch = provider.batch else { return try await sign(stored, by: sender, at: provider, lease) }
            return try await sign([stored], by: batch, at: provider, lease).first ?? stored
        case (.inProgress, let prepared?), (.unknown, let prepared?):
            return try await learnFate(of: stored, prepared, by: sender, at: provider, lease)
        case (.unknown, nil):
            // No signed bytes are left to follow: a person decides what became of the transfer.
            return try await postpone(stored, by: Self.retryInterval, lease)
        default:
            return stored
        }
    }

    private func sign(
        _ stored: OutgoingTransfer,
        by sender: any TransferSending,
        at provider: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        let order = TransferOrder(stored)
        let lane = sender.lane
        guard try await freeNumbers(in: lane) > 0 else {
            return try await postpone(stored, by: Self.pollInterval, lease)
        }
        guard try await database.read({ try $0.covers(stored) }) else {
            return try await postpone(stored, by: Self.retryInterval, lease)
        }
        // The network's fee may fall again; until the transfer is signed it can be cancelled.
        if try fee(of: order, at: provider, now: clock.now())?.isTooHigh == true {
            return try await postpone(stored, by: Self.retryInterval, lease)
        }
        let (permit, prepared): (SigningPermit, PreparedTransfer)
        do {
            permit = try await self.permit(by: sender, at: provider, for: [stored])
            prepared = try await sender.prepare(order, under: permit)
        } catch let error as ProviderError {
            guard error.code == .refused || error.code == .invalidRequest else {
                return try await postpone(stored, by: Self.retryInterval, lease)
            }
            return try await finish(stored, .refused, fee: nil, failure: error.reason, lease)
        }
        // The signed request may cost more than expected. Nobody has seen it: it is dropped, and the transfer is signed
        // later.
        if let charged = sender.expectedFee(of: prepared), try compare(charged, with: order, now: clock.now()).isTooHigh
        {
            return try await postpone(stored, by: Self.retryInterval, lease)
        }
        try faults.pass(.afterSigning)
        let now = clock.now()
        let signed: OutgoingTransfer = try await write(under: lease) { session in
            var updated = stored
            _ = try updated.status.apply(.signed)
            updated.prepared = prepared
            guard try session.covers(stored) else {
                throw SettlementError(.conflict, "the money of \(stored.purpose.id) was taken back meanwhile")
            }
            try storeNumber(of: prepared, under: permit, at: provider.key, in: session)
            let next = now.advanced(by: Self.pollInterval)
            try store(&updated, from: stored, lane: lane?.name, nextAttemptAt: next, in: session)
            return updated
        }
        if let lane, let number = prepared.sequence { lanes.sign([number], in: lane) }
        try faults.pass(.afterStoringTransfer)
        return try await submit(signed, prepared, by: sender, lease)
    }

    /// Stores that a number was signed, if its wallet may still sign and the number is still free.
    private func storeNumber(
        of prepared: PreparedTransfer,
        under permit: SigningPermit,
        at provider: String,
        in session: any SQLSession
    ) throws {
        guard permit.isNumbered, let number = prepared.sequence else { return }
        let isFree = try session.sign(number, with: permit.wallet, of: provider, expecting: permit.signedBelow)
        guard isFree else {
            throw SettlementError(.conflict, "the wallet \(permit.wallet) was held or has signed something meanwhile")
        }
    }

    func submit(
        _ stored: OutgoingTransfer,
        _ prepared: PreparedTransfer,
        by sender: any TransferSending,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        let outcome = await sender.submit(prepared)
        try faults.pass(.afterSubmitting)
        return try await take(outcome, of: stored, lease)
    }

    /// Applies the rail's answer to a submission.
    func take(
        _ outcome: SubmissionOutcome,
        of stored: OutgoingTransfer,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        if unsendable.note(outcome, of: stored) { showUnsendable() }
        switch outcome {
        case .accepted:
            return try await postpone(stored, by: Self.pollInterval, lease)
        case .done:
            return try await finish(stored, .confirmed, fee: nil, failure: nil, lease)
        case .rejected(let reason):
            return try await finish(stored, .provenDead, fee: nil, failure: reason, lease)
        case .unknown(let reason), .unsendable(let reason):
            return try await markUnknown(stored, because: reason, lease)
        }
    }

    /// Asks for a submitted transfer's fate first: it is submitted again only while its fate is pending.
    private func learnFate(
        of stored: OutgoingTransfer,
        _ prepared: PreparedTransfer,
        by sender: any TransferSending,
        at provider: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        let fate: TransferFate
        do { fate = try await sender.fate(of: prepared, for: TransferOrder(stored)) } catch {
            return try await markUnknown(stored, because: error.reason, lease)
        }
        try faults.pass(.beforeStoringFate)
        switch fate {
        case .pending:
            // What a block has needs no second request: it takes effect in later blocks, or is not final yet.
            if let lane = sender.lane, let number = prepared.sequence, number < lanes.firstWaiting(in: lane) {
                return try await postpone(stored, by: sender.pace, lease)
            }
            return try await sendAgain(stored, prepared, by: sender, at: provider, lease)
        case .confirmed(_, let fee, let moment):
            return try await finish(stored, as: TransferEnd(event: .confirmed, fee: fee, decidedAt: moment), lease)
        case .lost(let reason, let fee, let moment):
            var end = TransferEnd(event: .confirmed, fee: fee, failure: reason, decidedAt: moment)
            end.undelivered = try undelivered(stored)
            return try await finish(stored, as: end, lease)
        case .dead(let reason, let fee, let moment):
            let end = TransferEnd(event: .provenDead, fee: fee, failure: reason, decidedAt: moment)
            return try await finish(stored, as: end, lease)
        case .displaced(let reason, let moment):
            if let lost = try await displace(stored, prepared, by: sender, lease) { return lost }
            let end = TransferEnd(event: .provenDead, failure: reason, decidedAt: moment)
            return try await finish(stored, as: end, lease)
        }
    }

    /// Marks a transfer as unknown when a request that was not signed here has used its number.
    ///
    /// Either the key is used elsewhere, or this database was restored from a copy and has forgotten what it signed.
    ///
    /// That request may have sent this very transfer: a person decides whether it has left or is owed, and nothing is
    /// given back before.
    ///
    /// - Returns: the transfer; nil when another transfer of ours has used the number.
    private func displace(
        _ stored: OutgoingTransfer,
        _ prepared: PreparedTransfer,
        by sender: any TransferSending,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer? {
        let now = clock.now()
        return try await write(under: lease) { session in
            guard let wallet = sender.wallets.first, let number = prepared.sequence,
                try session.signedCount(number, provider: stored.provider) == 1
            else { return nil }
            let sentence = "number \(number), signed for \(stored.purpose.id), was used by something else"
            try hold(wallet, of: stored.provider, .spent, sentence, at: now, in: session)
            var updated = stored
            let action = try updated.status.apply(.outcomeUnknown)
            // The chain can never take the signed request.
            updated.prepared = nil
            updated.failure = sentence
            try store(&updated, from: stored, nextAttemptAt: now, in: session)
            if action == .watch { try announce(.unknown, updated, at: now, in: session) }
            return updated
        }
    }

    /// Sends a transfer again that is not in the rail's history yet: the same bytes, or a new signature that the rail
    /// takes sooner.
    private func sendAgain(
        _ stored: OutgoingTransfer,
        _ prepared: PreparedTransfer,
        by sender: any TransferSending,
        at provider: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        if sender.wallets.isEmpty {
            // A rail that identifies orders by name is asked for this one before it is sent again.
            let permit: SigningPermit
            do { permit = try await self.permit(by: sender, at: provider) } catch let error as ProviderError {
                return try await markUnknown(stored, because: error.reason, lease)
            }
            if sender.isDone(prepared, under: permit) {
                return try await finish(stored, .confirmed, fee: nil, failure: nil, lease)
            }
        }
        let renewed: PreparedTransfer?
        do { renewed = try await renew(prepared, of: stored, by: sender, at: provider) } catch let error
            as ProviderError
        {
            return try await markUnknown(stored, because: error.reason, lease)
        }
        guard let renewed else {
            // Transfers that were signed together share one request: submitting the first is enough.
            guard prepared.position == 0 else { return try await postpone(stored, by: Self.pollInterval, lease) }
            return try await submit(stored, prepared, by: sender, lease)
        }
        let next = clock.now().advanced(by: Self.pollInterval)
        let updated: OutgoingTransfer = try await write(under: lease) { session in
            var updated = stored
            updated.prepared = renewed
            try store(&updated, from: stored, nextAttemptAt: next, in: session)
            return updated
        }
        try faults.pass(.afterStoringTransfer)
        return try await submit(updated, renewed, by: sender, lease)
    }

    /// A new signature with the same number, if the wallet may sign; nil when the signed bytes are sent again as they
    /// are.
    private func renew(
        _ prepared: PreparedTransfer,
        of stored: OutgoingTransfer,
        by sender: any TransferSending,
        at provider: any PaymentProvider
    ) async throws -> PreparedTransfer? {
        guard sender.renews(prepared) else { return nil }
        let permit: SigningPermit
        do { permit = try await self.permit(by: sender, at: provider) } catch let error as ProviderError {
            guard error.code == .held else { throw error }
            return nil
        }
        let renewed = try await sender.renewed(prepared, for: TransferOrder(stored), under: permit)
        guard let renewed, let charged = sender.expectedFee(of: renewed) else { return renewed }
        let behind = permit.underWay.filter { $0.prepared.sequence ?? 0 > prepared.sequence ?? 0 }.map(\.order)
        return try isWorth(charged, for: [TransferOrder(stored)] + behind, now: clock.now()) ? renewed : nil
    }

    /// Stores that the provider did not report a transfer's fate.
    private func markUnknown(
        _ stored: OutgoingTransfer,
        because reason: String,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        let now = clock.now()
        return try await write(under: lease) { session in
            var updated = stored
            let action = try updated.status.apply(.outcomeUnknown)
            updated.failure = reason
            try store(&updated, from: stored, nextAttemptAt: now.advanced(by: Self.retryInterval), in: session)
            if action == .watch { try announce(.unknown, updated, at: now, in: session) }
            return updated
        }
    }

    func postpone(
        _ stored: OutgoingTransfer,
        by delay: Duration,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        let next = clock.now().advanced(by: delay)
        return try await write(under: lease) { session in
            var same = stored
            try store(&same, from: stored, nextAttemptAt: next, in: session)
            return same
        }
    }

    /// Ends a transfer by an event that something else than the rail's history has decided.
    func finish(
        _ stored: OutgoingTransfer,
        _ event: PayoutStateMachine.Event,
        fee: Amount?,
        failure: String?,
        _ lease: Lease?
    ) async throws -> OutgoingTransfer {
        try await finish(stored, as: TransferEnd(event: event, fee: fee, failure: failure), lease)
    }

    /// Ends a transfer: the money set aside for it has left, or is given back.
    func finish(_ stored: OutgoingTransfer, as end: TransferEnd, _ lease: Lease?) async throws -> OutgoingTransfer {
        let now = clock.now()
        let ended: OutgoingTransfer = try await write(under: lease) { session in
            var draft = try draft(about: [stored.merchant], at: now, in: session)
            var status = stored.status
            // What is given back goes where it came from.
            if try status.apply(end.event) == .releaseFunds { try include(stored, in: &draft, session) }
            let ended = try draft.end(stored, as: end)
            return try applier(at: now, in: session).apply(draft.decided(ended))
        }
        if end.event == .confirmed, let number = ended.prepared?.sequence,
            let lane = providers.provider(ended.provider)?.send?.lane
        {
            lanes.prove(number, in: lane)
        }
        return ended
    }

    /// Stores a transfer; its version grows when it has changed.
    func store(
        _ updated: inout OutgoingTransfer,
        from stored: OutgoingTransfer,
        lane: String? = nil,
        nextAttemptAt: Timestamp,
        in session: any SQLSession
    ) throws {
        if updated != stored { updated.version += 1 }
        let isFirst = try session.update(updated, from: stored.status.state, lane: lane, nextAttemptAt: nextAttemptAt)
        guard isFirst else {
            throw SettlementError(.conflict, "the transfer \(stored.purpose.id) has changed meanwhile")
        }
    }
}

extension TransferOrder {
    init(_ transfer: OutgoingTransfer) {
        self.init(
            id: transfer.purpose.id,
            amount: transfer.amount,
            destination: transfer.destination,
            comment: transfer.comment
        )
    }
}
