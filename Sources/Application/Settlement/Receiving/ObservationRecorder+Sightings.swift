import Money
import Payments
import Providers
import Records
import Seams
import Storage

/// Records payments that were seen and can still be undone: merchants are told, and nothing is booked.
extension ObservationRecorder {
    /// Replaces the provider's sightings by the current ones, and tells merchants which are new and which are gone.
    ///
    /// With `eachAlone`, a sighting that cannot be stored is left out, so that the others are told.
    func replaceSightings(
        by seen: [Sighting],
        eachAlone: Bool = false,
        in session: any SQLSession
    ) throws {
        func attempt(_ body: () throws -> Void) throws {
            guard eachAlone else { return try body() }
            // A sighting is not booked: its payment is told when it is final, or set aside then.
            if case .failure(let error) = try session.inSavepoint(body), !error.liesInWhatIsRecorded,
                !error.isConflictOfRows
            {
                throw error
            }
        }
        var old: [NaturalKey: StoredSighting] = [:]
        for sighting in try session.sightings(provider: providerKey) { old[sighting.naturalKey] = sighting }
        for sighting in seen {
            let known = old.removeValue(forKey: sighting.transfer.naturalKey)
            try attempt {
                guard let (stored, merchant) = try match(sighting, in: session) else {
                    return try lose(known, in: session)
                }
                guard known != stored else { return }
                try session.store(stored, of: merchant, provider: providerKey)
                if known == nil { try detect(stored, in: session) }
            }
        }
        for gone in old.values.sorted(by: { $0.naturalKey.text < $1.naturalKey.text }) {
            try attempt { try lose(gone, in: session) }
        }
    }

    /// How far ahead of our clock a block may be whose payments are shown.
    private static let mostAheadOfUs = Duration.seconds(60)

    /// Shows a payment that is not final yet, beside those that are shown, unless it was recorded meanwhile.
    func show(_ sighting: Sighting, in session: any SQLSession) throws {
        let key = sighting.transfer.naturalKey
        guard sighting.transfer.occurredAt <= now.advanced(by: Self.mostAheadOfUs) else { return }
        let shown = try session.inSavepoint {
            guard try !session.isObserved(key, at: providerKey),
                try session.sighting(key, provider: providerKey) == nil,
                let (stored, merchant) = try match(sighting, in: session)
            else { return }
            try session.store(stored, of: merchant, provider: providerKey)
            try detect(stored, in: session)
        }
        // What cannot be stored is set aside when it is final.
        if case .failure(let error) = shown, !error.liesInWhatIsRecorded, !error.isConflictOfRows { throw error }
    }

    /// Shows a payment no longer.
    func lose(_ key: NaturalKey, in session: any SQLSession) throws {
        try lose(session.sighting(key, provider: providerKey), in: session)
    }

    private func lose(_ sighting: StoredSighting?, in session: any SQLSession) throws {
        guard let sighting else { return }
        try session.removeSighting(sighting.naturalKey, provider: providerKey)
        // A sighting that became final was announced as a payment.
        let payment = try session.payment(naturalKey: sighting.naturalKey, at: providerKey)
        if payment?.state != .final { try forget(sighting, in: session) }
    }

    /// The sighting as it is stored, and whose invoice it pays; nil when it pays none.
    private func match(
        _ sighting: Sighting,
        in session: any SQLSession
    ) throws -> (sighting: StoredSighting, merchant: MerchantID)? {
        let transfer = sighting.transfer
        guard let reference = transfer.reference,
            let match = try session.option(reference, at: providerKey),
            match.option.due.asset == transfer.amount.asset
        else { return nil }
        let stored = StoredSighting(
            naturalKey: transfer.naturalKey,
            option: match.option.id,
            invoice: match.invoice.id,
            amount: transfer.amount,
            payer: transfer.payer,
            confirmations: sighting.confirmations,
            required: sighting.required,
            occurredAt: transfer.occurredAt
        )
        return (stored, match.invoice.merchant)
    }

    private func detect(_ sighting: StoredSighting, in session: any SQLSession) throws {
        guard let invoice = try session.invoice(sighting.invoice) else { return }
        let isInTime = sighting.occurredAt <= invoice.expiresAt.advanced(by: graceAfterExpiry)
        try tell(.detected, sighting, of: invoice, moving: isInTime ? .detected : nil, in: session)
    }

    private func forget(_ sighting: StoredSighting, in session: any SQLSession) throws {
        guard let invoice = try session.invoice(sighting.invoice) else { return }
        let isLast = try session.sightings(of: invoice.id).isEmpty
        try tell(.lost, sighting, of: invoice, moving: isLast ? .forgotten : nil, in: session)
    }

    /// Tells the merchant of a sighting by which an invoice has changed, and of the state to which it moves the invoice.
    private func tell(
        _ news: SightingEvent,
        _ sighting: StoredSighting,
        of invoice: Invoice,
        moving event: InvoiceStateMachine.Event?,
        in session: any SQLSession
    ) throws {
        var updated = invoice
        let action = try event.map { try updated.status.apply($0) }
        try session.update(&updated, from: invoice)
        try settlement.announce(news, sighting, of: updated, at: now, in: session)
        guard updated.status != invoice.status else { return }
        switch action {
        case .announceProcessing: try settlement.announce(.processing, updated, at: now, in: session)
        case .reopen: try settlement.announce(.reopened, updated, at: now, in: session)
        default: break
        }
    }
}
