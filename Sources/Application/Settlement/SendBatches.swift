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
        let due = try await database.read { session in
            try session.outgoingToSign(provider: provider.key, dueAt: now, limit: batch.maximumBatch)
        }
        guard !due.isEmpty else { return 0 }
        let after = try await sign(due, by: batch, at: provider, lease)
        return zip(due, after).count { $0.status != $1.status }
    }

    /// Signs transfers of one provider together, if its wallet has a free number; those whose fee is too high wait.
    ///
    /// - Returns: the transfers after the step, in the same order.
    func sign(
        _ waiting: [OutgoingTransfer],
        by sender: any BatchSending,
        at payer: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> [OutgoingTransfer] {
        guard try await freeNumbers(in: sender.lane) > 0 else { return waiting }
        let now = clock.now()
        let dear = Set(
            try waiting.filter { try excessiveFee(of: TransferOrder($0), at: payer, now: now) != nil }.map(\.purpose.id)
        )
        let payable = waiting.filter { !dear.contains($0.purpose.id) }
        let signed = payable.isEmpty ? [] : try await signTogether(payable, by: sender, at: payer, lease)
        var next = signed.makeIterator()
        return try await each(waiting) { transfer in
            guard dear.contains(transfer.purpose.id) else { return next.next() ?? transfer }
            return try await postpone(transfer, by: Self.retryInterval, lease)
        }
    }

    /// Signs transfers of one provider in one request: what is signed is stored for all of them in one unit of work, and
    /// only then submitted.
    ///
    /// - Returns: the transfers after the step, in the same order.
    private func signTogether(
        _ waiting: [OutgoingTransfer],
        by sender: any BatchSending,
        at payer: any PaymentProvider,
        _ lease: Lease?
    ) async throws -> [OutgoingTransfer] {
        let provider = payer.key
        let last = try await database.read { try $0.lastSequence(provider: provider) }
        let (permit, batch): (SigningPermit, PreparedBatch)
        do {
            permit = try await self.permit(by: sender, at: payer, for: waiting)
            batch = try await sender.prepare(waiting.map(TransferOrder.init), after: last, under: permit)
        } catch is ProviderError {
            return try await each(waiting) { try await postpone($0, by: Self.retryInterval, lease) }
        }
        try faults.pass(.afterSigning)
        let next = clock.now().advanced(by: Self.pollInterval)
        let signed: [OutgoingTransfer]? = try await write(under: lease) { session in
            // Somebody else has used a number meanwhile, perhaps this one.
            guard try session.lastSequence(provider: provider) == last else { return nil }
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
