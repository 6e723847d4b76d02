package import Payments
package import Providers
import Records
import Seams
import Storage

/// What a permit is asked for.
enum AskedTransfers {
    /// Nothing: wallet and books are compared.
    case none
    /// These payouts and refunds.
    case transfers([OutgoingTransfer])
    /// The stored requests between own wallets.
    case own

    /// Those of the payouts and refunds that are stored, wait to be signed, and are covered.
    func orders(at provider: String, in session: any SQLSession) throws -> Set<TransferOrder> {
        guard case .transfers(let transfers) = self else { return [] }
        // What was read before may have been signed or cancelled meanwhile.
        let stored = try transfers.compactMap { try session.outgoing($0.purpose.id) }
            .filter {
                $0.provider == provider && $0.status.state == .awaitingPayment && $0.prepared == nil
            }
            .filter { try session.covers($0) }
        return Set(stored.map(TransferOrder.init))
    }

    /// The stored requests of a wallet between own wallets; those of options' wallets for the one that pays others.
    func own(
        of reading: WalletReading,
        at provider: String,
        in session: any SQLSession
    ) throws
        -> [OwnTransfer]
    {
        guard case .own = self else { return [] }
        return try session.ownTransfers(of: provider).filter { transfer in
            reading.paysOthers ? transfer.wallet.option != nil : transfer.account == reading.wallet
        }
    }
}

/// The gate for requests between own wallets, over the database.
package struct StoredSigningGate: SigningGate {
    let settlement: Settlement
    let provider: String

    /// The gate of a provider.
    package init(settlement: Settlement, provider: String) {
        self.settlement = settlement
        self.provider = provider
    }

    /// Compares a wallet with the books.
    ///
    /// - Throws: `ProviderError`, with the code `held` when a person has to review the wallet first.
    package func permit(_ reading: WalletReading) async throws(ProviderError) -> SigningPermit {
        try await stored { try await settlement.permit(reading, at: provider, for: .own) }
    }

    /// The stored requests between own wallets that are under way.
    ///
    /// - Throws: `ProviderError`.
    package func ownTransfers() async throws(ProviderError) -> [OwnTransfer] {
        try await stored {
            try await settlement.database.read { try $0.ownTransfers(of: provider) }
        }
    }

    /// Stores requests, and that their numbers are used.
    ///
    /// - Throws: `ProviderError`.
    package func store(
        _ transfers: [OwnTransfer],
        under permit: SigningPermit
    ) async throws(ProviderError) -> [OwnTransfer] {
        guard !transfers.isEmpty else { return [] }
        return try await stored {
            let kept = try await settlement.writeShared { session in
                guard try session.wallet(permit.wallet, of: provider)?.hold == nil else {
                    throw ProviderError(.held, "the wallet \(permit.wallet) was held meanwhile")
                }
                return try transfers.filter { transfer in
                    guard try session.insert(transfer, of: provider) else { return false }
                    guard transfer.account == permit.wallet else { return true }
                    guard try session.sign(transfer.number, with: permit.wallet, of: provider, expecting: nil)
                    else {
                        throw ProviderError(.held, "the wallet \(permit.wallet) may sign nothing")
                    }
                    return true
                }
            }
            try settlement.faults.pass(.afterStoringIntents)
            return kept
        }
    }

    /// Stores signed requests.
    ///
    /// - Throws: `ProviderError`.
    package func keep(_ signed: [OwnTransfer]) async throws(ProviderError) {
        guard !signed.isEmpty else { return }
        try await stored {
            try settlement.faults.pass(.afterSigning)
            try await settlement.writeShared { session in
                for transfer in signed {
                    guard try session.sign(transfer, of: provider) else {
                        throw ProviderError(
                            .unavailable,
                            "a request of \(transfer.account) was replaced meanwhile"
                        )
                    }
                }
            }
            try settlement.faults.pass(.afterStoringTransfer)
        }
    }

    /// Forgets requests whose numbers are taken, or that others may replace.
    ///
    /// - Throws: `ProviderError`.
    package func forget(_ transfers: [OwnTransfer]) async throws(ProviderError) {
        try await stored {
            try settlement.faults.pass(.beforeStoringFate)
            try await settlement.writeShared { session in
                for transfer in transfers { try session.forget(transfer, of: provider) }
            }
        }
    }

    private func stored<Value>(_ body: () async throws -> Value) async throws(ProviderError) -> Value {
        do { return try await body() } catch let error as ProviderError { throw error } catch {
            throw ProviderError(.unavailable, "the books cannot be used: \(error)")
        }
    }
}
