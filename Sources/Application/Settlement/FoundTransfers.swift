import Ledger
import Money
import Payments
import Records
import Seams
import Storage

/// Transfers that a person has found among a wallet's spends.
extension Settlement {
    /// Completes a transfer with a spend that was booked as unexplained.
    ///
    /// - Returns: the transfer as it is then.
    func complete(
        _ stored: OutgoingTransfer,
        with spend: WalletSpend,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> OutgoingTransfer {
        try decide(about: spend.evidence, of: stored.provider, at: now, in: session, also: stored) { rules, draft in
            try rules.complete(stored, with: spend, in: &draft)
        }
    }

    /// Completes a transfer once more when its spend had vanished from the chain and is back.
    func findAgain(_ spend: WalletSpend, at now: Timestamp, in session: any SQLSession) throws {
        guard let id = spend.transfer, let stored = try session.outgoing(id) else { return }
        try decide(about: spend.evidence, of: stored.provider, at: now, in: session, also: stored) { rules, draft in
            try rules.findAgain(stored, in: spend, in: &draft)
        }
    }

    /// Books the network's fee of a request once every receiver is known.
    func explainRest(
        of evidence: String,
        at provider: String,
        _ now: Timestamp,
        in session: any SQLSession
    ) throws {
        try decide(about: evidence, of: provider, at: now, in: session) { rules, draft in
            try rules.explainRest(in: &draft)
        }
    }

    private func decide<Value>(
        about evidence: String,
        of provider: String,
        at now: Timestamp,
        in session: any SQLSession,
        also stored: OutgoingTransfer? = nil,
        by rule: (inout FoundTransferRules, inout Draft) throws -> Value
    ) throws -> Value {
        let spends = try session.spends(evidence: evidence, of: provider)
        var transfers: [String: OutgoingTransfer] = [:]
        for id in spends.compactMap(\.transfer) { transfers[id] = try session.outgoing(id) }
        if let stored { transfers[stored.purpose.id] = stored }
        var cases: [NaturalKey: [ExceptionCase]] = [:]
        for key in Set(spends.flatMap { [$0.key, $0.key.payment(at: $0.position)] }) {
            cases[key] = try session.openCases(of: key)
        }
        var draft = try draft(about: transfers.values.map(\.merchant), at: now, in: session)
        var rules = FoundTransferRules(ForeignRequest(spends: spends, transfers: transfers, cases: cases))
        let value = try rule(&rules, &draft)
        return try applier(at: now, in: session).apply(draft.decided(value))
    }
}

extension OutgoingTransfer {
    /// Whether the transfer may still be sent, and nothing that was signed here can send it.
    var isUnsent: Bool {
        switch status.state {
        case .awaitingApproval, .awaitingPayment: true
        case .unknown: prepared == nil
        case .inProgress, .completed, .failed, .cancelled: false
        }
    }
}
