import Payments
import Providers
package import Records
import Seams
import Storage

extension Settlement {
    /// Lets a wallet sign again after a person's review.
    ///
    /// Every request that the chain has taken has to be listed, and each transfer that is not signed yet has to be
    /// decided.
    ///
    /// - Throws: ``SettlementError`` and what the database throws; the wallet stays held then.
    /// - Returns: the wallet as it is now.
    package func resumeWallet(_ wallet: String, of key: String) async throws -> WalletRecord {
        guard let stored = try await database.read({ try $0.wallet(wallet, of: key) }) else {
            throw SettlementError(.notFound, "\(key) has no wallet \(wallet)", parameter: "wallet")
        }
        guard let hold = stored.hold else { return stored }
        let provider = try provider(key)
        guard let sender = provider.send, sender.wallets.contains(wallet) else {
            let reason = "the wallet is not the one that is configured; nothing is signed by it"
            throw SettlementError(.invalidState, reason, parameter: "wallet")
        }
        let reading: WalletReading
        do {
            reading = try await sender.readWallet(wallet, scannedTo: nil)
            // By then the chain has taken the requests that were signed before the hold and forgotten here, or never
            // will.
            let certain = hold.since.advanced(by: reading.lifetimeOfRequests)
            if stored.paysOthers { try await requireScan(of: provider, to: certain) }
        } catch let error as ProviderError { throw SettlementError(error) }
        let now = clock.now()
        let resumed = try await database.write { session in
            guard let current = try session.wallet(wallet, of: key), let standing = current.hold else {
                return try session.wallet(wallet, of: key) ?? stored
            }
            // Another gateway has resumed the wallet meanwhile, and it was held anew: nobody has reviewed that hold.
            guard standing == hold else {
                throw SettlementError(.conflict, "the wallet was held anew meanwhile; look again", parameter: "wallet")
            }
            try release(current, reading, at: now, in: session)
            return try session.wallet(wallet, of: key) ?? current
        }
        try await showHolds()
        return resumed
    }

    /// Requires that the scan has read up to `moment`, so that the list has everything that was signed before the hold.
    private func requireScan(of provider: any PaymentProvider, to moment: Timestamp) async throws {
        guard let accounts = try await provider.scan?.standingAccounts else { return }
        let states = try await database.read { try $0.scanStates(provider: provider.key) }
        for account in accounts {
            let state = states.first { $0.account == account.account && $0.subject == account.subject }
            guard let until = state?.completeUntil, until >= moment else {
                let place = state?.completeUntil.map { "has come to \($0)" } ?? "has not begun"
                let reason = """
                    the scan of \(account.account) \(place), and what was signed before is known at \(moment): \
                    resume then
                    """
                throw SettlementError(.conflict, reason, parameter: "wallet")
            }
        }
    }

    private func release(
        _ wallet: WalletRecord,
        _ reading: WalletReading,
        at now: Timestamp,
        in session: any SQLSession
    ) throws {
        try requireDecisions(of: wallet, in: session)
        var below: Int64 = 0
        switch reading.numbers {
        case .inTurn(let next, let pending):
            guard pending == next else {
                throw SettlementError(.conflict, "requests wait in the network; resume when they are final")
            }
            try requireList(of: wallet, below: next, in: session)
            below = next
        case .inAnyOrder(let taken, let modulus, let since):
            let known = try session.usedNumbers(of: wallet.provider, from: since).map { $0 % modulus }
            let foreign = taken.subtracting(known)
            let listed = try session.foreignNumbers(of: wallet.wallet, at: wallet.provider, from: 0)
            let accepted = try session.acceptedNumbers(of: wallet.wallet, at: wallet.provider)
            guard foreign.subtracting(listed).subtracting(accepted).isEmpty else { throw Self.notListed }
            try session.accept(foreign, of: wallet.wallet, at: wallet.provider)
        case .named: break
        }
        try session.release(wallet.wallet, of: wallet.provider, acceptedBelow: below)
        for open in try session.openCases(of: Self.subject(of: wallet.wallet, at: wallet.provider)) {
            try close(open, .init(.dismissed, at: now), in: session)
        }
    }

    private static let notListed = SettlementError(
        .conflict,
        "the chain has taken requests that the scan has not listed yet; look again when it has",
        parameter: "wallet"
    )

    private func requireList(of wallet: WalletRecord, below next: Int64, in session: any SQLSession) throws {
        // The wallet for fees pays only own accounts, and its requests are not listed.
        guard wallet.paysOthers, next > wallet.signedBelow else { return }
        let listed = try session.foreignNumbers(of: wallet.wallet, at: wallet.provider, from: wallet.signedBelow)
        let own = try session.usedNumbers(of: wallet.provider, from: wallet.signedBelow)
        guard (wallet.signedBelow..<next).allSatisfy({ listed.contains($0) || own.contains($0) }) else {
            throw Self.notListed
        }
    }

    private func requireDecisions(of wallet: WalletRecord, in session: any SQLSession) throws {
        guard wallet.paysOthers else { return }
        let (count, first) = try session.undecidedOutgoing(provider: wallet.provider)
        guard let first else { return try session.forgetReviews(of: wallet.provider) }
        let reason = "\(count) transfers wait for a decision, the first is \(first): has it left, or is it owed?"
        throw SettlementError(.conflict, reason, parameter: "wallet")
    }
}
