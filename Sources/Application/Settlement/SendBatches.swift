import Payments
package import Providers
import Seams
package import Storage

extension Settlement {
    /// Signs together the transfers that wait at a provider, when its rail has requests for several orders.
    ///
    /// - Parameters:
    ///   - provider: the provider.
    ///   - lease: the right to send, where several processes might.
    /// - Throws: what the database throws.
    /// - Returns: how many transfers were signed or refused.
    package func signBatch(of provider: any PaymentProvider, under lease: Lease?) async throws -> Int {
        guard let batch = provider.batch else { return 0 }
        let now = clock.now()
        let (due, others) = try await database.read { session in
            let due = try session.outgoingToSign(provider: provider.key, dueAt: now, limit: batch.maximumBatch)
            guard !due.isEmpty, due.count < batch.maximumBatch else { return (due, [OutgoingTransfer]()) }
            // Those that wait for company are looked at again every few seconds, each at a time of its own.
            let soon = now.advanced(by: Self.retryInterval)
            return (due, try session.outgoingToSign(provider: provider.key, dueAt: soon, limit: batch.maximumBatch))
        }
        guard !due.isEmpty else { return 0 }
        let known = Set(due.map(\.purpose.id))
        let company = others.filter { !known.contains($0.purpose.id) }
        let after = try await sign(due, withCompany: company, by: batch, at: provider, lease)
        let states = Dictionary(uniqueKeysWithValues: (due + company).map { ($0.purpose.id, $0.status) })
        return after.count { states[$0.purpose.id] != $0.status }
    }

    /// Signs transfers of one provider together, if its wallet has a free number; those whose fee is too high wait.
    ///
    /// Of `others`, which are not due, those that wait for company may come along.
    ///
    /// - Returns: the transfers after the step: those that were due, in the same order, and those that came along.
    func sign(
        _ due: [OutgoingTransfer],
        withCompany others: [OutgoingTransfer] = [],
        by sender: any BatchSending,
        at payer: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> [OutgoingTransfer] {
        guard try await freeNumbers(in: sender.lane) > 0 else { return due }
        let now = clock.now()
        func measured(_ transfers: [OutgoingTransfer]) throws -> [(transfer: OutgoingTransfer, least: Int)] {
            try transfers.compactMap { transfer in
                try leastBatch(for: TransferOrder(transfer), by: sender, now: now).map { (transfer, $0) }
            }
        }
        let covered = try await database.read { session in
            (due: try due.filter(session.covers), others: try others.filter(session.covers))
        }
        let company = try measured(covered.others).filter { $0.least > 1 }
        let able = (try measured(covered.due) + company).prefix(sender.maximumBatch)
        let size = BatchChoice.size(for: able.map(\.least))
        let chosen = able.filter { $0.least <= size }
        let needs = Dictionary(uniqueKeysWithValues: chosen.map { ($0.transfer.purpose.id, $0.least) })
        let signed =
            chosen.isEmpty
            ? []
            : try await signTogether(
                Together(transfers: chosen.map(\.transfer), needs: needs),
                by: sender,
                at: payer,
                lease
            )
        let byID = Dictionary(uniqueKeysWithValues: signed.map { ($0.purpose.id, $0) })
        let stayed = Set(due.map(\.purpose.id))
        return try await each(due) { transfer in
            if let after = byID[transfer.purpose.id] { return after }
            return try await postpone(transfer, by: Self.retryInterval, lease)
        } + signed.filter { !stayed.contains($0.purpose.id) }
    }

    /// Transfers that are signed together.
    private struct Together {
        let transfers: [OutgoingTransfer]
        /// For each transfer the least size of a batch in which its fee is within the limit.
        let needs: [String: Int]
    }

    /// Has the rail sign transfers in one request.
    ///
    /// Where it takes fewer than were chosen, those that lack company now stay out, and the others are signed again.
    /// Nobody has seen the requests before.
    private func prepare(
        _ chosen: Together,
        after last: Int64?,
        by sender: any BatchSending,
        under permit: SigningPermit
    ) async throws -> PreparedBatch {
        var (orders, refused) = (chosen.transfers.map(TransferOrder.init), [String: String]())
        while !orders.isEmpty {
            var batch = try await sender.prepare(orders, after: last, under: permit)
            refused.merge(batch.refused) { first, _ in first }
            let size = batch.prepared.count
            let lonely = batch.prepared.keys.filter { chosen.needs[$0] ?? 1 > size }
            guard !lonely.isEmpty else {
                batch.refused = refused
                return batch
            }
            orders.removeAll { lonely.contains($0.id) || refused[$0.id] != nil }
        }
        return PreparedBatch(prepared: [:], refused: refused)
    }

    /// Signs transfers of one provider in one request: what is signed is stored for all of them in one unit of work, and
    /// only then submitted.
    ///
    /// - Returns: the transfers after the step, in the same order.
    private func signTogether(
        _ chosen: Together,
        by sender: any BatchSending,
        at payer: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> [OutgoingTransfer] {
        let (provider, waiting) = (payer.key, chosen.transfers)
        let last = try await database.read { try $0.lastSequence(provider: provider) }
        let (permit, batch): (SigningPermit, PreparedBatch)
        do {
            permit = try await self.permit(by: sender, at: payer, for: waiting)
            batch = try await prepare(chosen, after: last, by: sender, under: permit)
        } catch is ProviderError {
            return try await each(waiting) { try await postpone($0, by: Self.retryInterval, lease) }
        }
        try faults.pass(.afterSigning)
        let next = clock.now().advanced(by: Self.pollInterval)
        let signed: [OutgoingTransfer]? = try await write(under: lease) { session in
            // Somebody else has used a number meanwhile, perhaps this one.
            guard try session.lastSequence(provider: provider) == last else { return nil }
            // A rail has taken money back meanwhile.
            guard try waiting.allSatisfy(session.covers) else { return nil }
            if permit.isNumbered, let number = batch.prepared.values.first?.sequence {
                let wallet = permit.wallet
                let isFree = try session.sign(number, with: wallet, of: provider, expecting: permit.signedBelow)
                guard isFree else { return nil }
            }
            return try waiting.map { stored in
                guard let prepared = batch.prepared[stored.purpose.id] else { return stored }
                var updated = stored
                _ = try updated.status.apply(.signed)
                updated.prepared = prepared
                try store(&updated, from: stored, lane: sender.lane?.name, nextAttemptAt: next, in: session)
                return updated
            }
        }
        guard let signed else { return waiting }
        if let lane = sender.lane { lanes.sign(Set(batch.prepared.values.compactMap(\.sequence)), in: lane) }
        try faults.pass(.afterStoringTransfer)
        let outcome = try await submit(signed, by: sender, lease)
        return try await each(outcome) { transfer in
            guard transfer.prepared == nil else { return transfer }
            guard let reason = batch.refused[transfer.purpose.id] else {
                return try await postpone(transfer, by: Self.retryInterval, lease)
            }
            return try await finish(transfer, .refused, fee: nil, failure: reason, lease)
        }
    }

    /// Submits the request of transfers that were signed together, once; the rail's answer is about all of them.
    private func submit(
        _ transfers: [OutgoingTransfer],
        by sender: any BatchSending,
        _ lease: Lease?
    ) async throws -> [OutgoingTransfer] {
        guard let prepared = transfers.lazy.compactMap(\.prepared).first else { return transfers }
        let outcome = await sender.submit(prepared)
        try faults.pass(.afterSubmitting)
        // The time of their next step is stored already.
        guard outcome != .accepted else { return transfers }
        return try await each(transfers) { transfer in
            guard transfer.prepared != nil else { return transfer }
            return try await take(outcome, of: transfer, lease)
        }
    }

    private func each(
        _ transfers: [OutgoingTransfer],
        _ body: (OutgoingTransfer) async throws -> OutgoingTransfer
    ) async throws -> [OutgoingTransfer] {
        var result: [OutgoingTransfer] = []
        for transfer in transfers { result.append(try await body(transfer)) }
        return result
    }
}
