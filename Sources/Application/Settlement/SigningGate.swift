import Ledger
import Money
import Payments
package import Providers
import Records
import Seams
import Storage

/// Compares what the database knows to have been signed with what the chain has taken: a wallet that is ahead of its
/// books signs nothing.
extension Settlement {
    /// The right to sign some transfers of a provider: those of them that are stored and wait to be signed.
    ///
    /// - Throws: `ProviderError`, with the code `held` when a person has to review the wallet first; and what the
    ///   database throws.
    func permit(
        by sender: any TransferSending,
        at provider: any PaymentProvider,
        for transfers: [OutgoingTransfer] = []
    ) async throws -> SigningPermit {
        guard let wallet = sender.wallets.first else {
            let account = try await provider.scan?.standingAccounts.first
            let position = try await database.read { session in
                try account.flatMap {
                    try session.scanPosition(provider: provider.key, account: $0.account, subject: $0.subject)
                }
            }
            let reading = try await sender.readWallet(nil, scannedTo: position)
            return try await permit(reading, at: provider.key, for: .transfers(transfers))
        }
        // For a held wallet the chain need not be asked.
        if let hold = try await database.read({ try $0.wallet(wallet, of: provider.key)?.hold }) {
            throw ProviderError(.held, hold.sentence)
        }
        let reading = try await sender.readWallet(wallet, scannedTo: nil)
        return try await permit(reading, at: provider.key, for: .transfers(transfers))
    }

    /// Compares a wallet with the books, and holds it when it is ahead of them.
    func permit(
        _ reading: WalletReading,
        at provider: String,
        for asked: AskedTransfers = .none
    ) async throws -> SigningPermit {
        let books = try await books(of: reading, at: provider, for: asked)
        switch SigningPermit.compare(reading, with: books) {
        case .allowed(let permit): return permit
        case .held(let sentence): throw ProviderError(.held, sentence)
        case .behind(let sentence): throw ProviderError(.lagging, sentence)
        case .ahead(let sentence):
            let now = clock.now()
            try await database.write { session in
                try hold(reading.wallet, of: provider, .ahead, sentence, at: now, in: session)
            }
            try await showHolds()
            throw ProviderError(.held, sentence)
        }
    }

    /// The books of a wallet; a wallet that is not stored yet is stored first.
    private func books(
        of reading: WalletReading,
        at provider: String,
        for asked: AskedTransfers
    ) async throws -> WalletBooks {
        if case .named = reading.numbers { return WalletBooks(signedBelow: 0) }
        let known = try await database.read { try books(of: reading, at: provider, for: asked, in: $0) }
        if let known { return known }
        let now = clock.now()
        try await database.write { session in
            // Two duties may meet a wallet at the same moment.
            guard try session.wallet(reading.wallet, of: provider) == nil else { return }
            try meet(reading, at: provider, now, in: session)
        }
        return try await database.read { try books(of: reading, at: provider, for: asked, in: $0) }
            ?? WalletBooks(signedBelow: 0)
    }

    private func books(
        of reading: WalletReading,
        at provider: String,
        for asked: AskedTransfers,
        in session: any SQLSession
    ) throws -> WalletBooks? {
        guard let stored = try session.wallet(reading.wallet, of: provider) else { return nil }
        var known: Set<Int64> = []
        if case .inAnyOrder(_, let modulus, let since) = reading.numbers {
            known = Set(try session.usedNumbers(of: provider, from: since).map { $0 % modulus })
            known.formUnion(try session.acceptedNumbers(of: reading.wallet, at: provider))
        }
        var taken: Int64?
        if case .inTurn = reading.numbers, reading.paysOthers {
            taken = try session.lastTakenSequence(provider: provider, since: stored.metAt)
        }
        var underWay: [TransferUnderWay] = []
        if reading.paysOthers, let lane = providers.provider(provider)?.send?.lane {
            underWay = try session.outgoingUnderWay(in: lane.name).compactMap { transfer in
                transfer.prepared.map { TransferUnderWay(order: TransferOrder(transfer), prepared: $0) }
            }
        }
        return WalletBooks(
            signedBelow: stored.signedBelow,
            takenBelow: taken.map { $0 + 1 } ?? 0,
            known: known,
            underWay: underWay,
            orders: try asked.orders(at: provider, in: session),
            own: try asked.own(of: reading, at: provider, in: session),
            hold: stored.hold?.sentence
        )
    }

    /// Stores a wallet that the gateway meets for the first time.
    ///
    /// At a provider without history nothing is owed, so that earlier requests of the wallet are accepted. Otherwise
    /// the books begin with what they have signed, and the comparison decides. A wallet that only pays fees of our own
    /// accounts cannot pay anybody twice.
    private func meet(
        _ reading: WalletReading,
        at provider: String,
        _ now: Timestamp,
        in session: any SQLSession
    ) throws {
        let isNew = try !session.hasHistory(provider)
        let signed = try session.lastSequence(provider: provider).map { $0 + 1 } ?? 0
        var below = reading.paysOthers ? signed : 0
        if case .inTurn(let next, _) = reading.numbers, isNew || !reading.paysOthers { below = next }
        if case .inAnyOrder(let taken, _, _) = reading.numbers, isNew {
            try session.accept(taken, of: reading.wallet, at: provider)
        }
        let isInTurn = if case .inTurn = reading.numbers { true } else { false }
        try session.insert(
            WalletRecord(
                provider: provider,
                wallet: reading.wallet,
                paysOthers: reading.paysOthers,
                signedBelow: below,
                acceptedBelow: isInTurn ? below : 0,
                metAt: now
            )
        )
        guard !isNew, let restore = try session.lastRestore() else { return }
        let sentence = "the database was restored from a copy of \(restore.takenAt)"
        try hold(reading.wallet, of: provider, .restored, sentence, at: now, in: session)
    }

    /// Holds a wallet until a person has reviewed it, and opens a case of the operator.
    func hold(
        _ wallet: String,
        of provider: String,
        _ kind: WalletRecord.Hold.Kind,
        _ sentence: String,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        if let lane = providers.provider(provider)?.send?.lane { lanes.close(lane) }
        guard try session.hold(wallet, of: provider, kind, sentence, at: now) else { return }
        try openCase(of: wallet, at: provider, now, in: session)
    }

    private func openCase(
        of wallet: String,
        at provider: String,
        _ now: Timestamp,
        in session: any SQLSession
    ) throws {
        let asset = providers.provider(provider)?.capabilities.assets.first
        guard let asset else { return }
        try open(
            ExceptionCase(
                id: identifiers.next(),
                reason: .walletHeld,
                merchant: nil,
                invoice: nil,
                payment: nil,
                movement: Self.subject(of: wallet, at: provider),
                amount: .zero(asset),
                openedAt: now
            ),
            in: session
        )
    }

    /// The subject of a case about a held wallet.
    static func subject(of wallet: String, at provider: String) -> NaturalKey { NaturalKey("wallet", provider, wallet) }

    /// Meets the wallets of every provider, or of one, and compares them with the books, so that one that is ahead is told
    /// before anything has to be signed.
    ///
    /// - Parameter key: the provider; every one when nil.
    /// - Throws: what the database throws.
    /// - Returns: what could not be asked, for a person.
    package func compareWallets(of key: String? = nil) async throws -> [String] {
        var problems: [String] = []
        for provider in providers.providers where key == nil || provider.key == key {
            guard let sender = provider.send else { continue }
            for wallet in sender.wallets {
                do {
                    let reading = try await sender.readWallet(wallet, scannedTo: nil)
                    _ = try await permit(reading, at: provider.key)
                } catch let error as ProviderError {
                    if error.code != .held { problems.append("wallet \(wallet) of \(provider.key): \(error.reason)") }
                }
            }
        }
        try await openMissingCases()
        try await showHolds()
        try await reviewUnsendable()
        return problems
    }

    /// Opens the cases of held wallets without one: a wallet that was held when the database was restored has none yet.
    private func openMissingCases() async throws {
        let held = try await database.read { session in
            try session.wallets().filter { wallet in
                try wallet.hold != nil
                    && session.openCases(of: Self.subject(of: wallet.wallet, at: wallet.provider)).isEmpty
            }
        }
        guard !held.isEmpty else { return }
        let now = clock.now()
        try await database.write { session in
            for wallet in held { try openCase(of: wallet.wallet, at: wallet.provider, now, in: session) }
        }
    }

    /// Whether every wallet of a provider was met, so that scanned requests can be told apart from those before.
    package func knowsWallets(of provider: any PaymentProvider) async throws -> Bool {
        guard let wallets = provider.send?.wallets, !wallets.isEmpty else { return true }
        let known = try await database.read { try $0.wallets(of: provider.key) }
        return wallets.allSatisfy { wallet in known.contains { $0.wallet == wallet } }
    }

    /// Raises a condition for each held wallet, and clears those of the others.
    ///
    /// - Throws: what the database throws.
    package func showHolds() async throws {
        let wallets = try await database.read { try $0.wallets() }
        for wallet in wallets {
            let name = "wallet \(wallet.provider) \(wallet.wallet)"
            guard let hold = wallet.hold else {
                conditions.clear(name)
                continue
            }
            let sentence = "it signs nothing: \(hold.sentence); 'settlegate wallets list' shows what left"
            conditions.raise(name, .degraded, sentence, at: hold.since)
        }
    }
}
