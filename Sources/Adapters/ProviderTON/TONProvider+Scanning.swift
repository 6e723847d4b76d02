import Money
import Payments
package import Providers
import Seams
import TON

extension TONProvider: TransferScanning {
    /// The most chain transactions of one page.
    private static let pageSize = 500

    /// The wallet's coins and jettons, and the coins of the wallet that pays the fees of gathering.
    package var standingAccounts: [ScanAccount] {
        get async throws(ProviderError) { ownAccounts }
    }

    private var ownAccounts: [ScanAccount] {
        let fees = ScanAccount(account: feeWallet.address.raw, subject: coin.text)
        return accounts(of: address) + (configuration.deposit == .derived ? [fees] : [])
    }

    /// The history of an account after a position.
    ///
    /// - Throws: `ProviderError`.
    package func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        let scanned = try scanned(account)
        let head = try await freshView(of: client, named: key)
        let end = HistoryEnd(tip: try await client.account(scanned.address).last, asOf: head.time, history: history)
        return try await page(of: scanned, after: position, upTo: end, watching)
    }

    /// The history of an account after a position, up to a tip that was seen.
    ///
    /// - Throws: `ProviderError`.
    package func page(
        of account: PlacedAccount,
        upTo tip: AccountTip,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        let (history, place) = try history(of: tip)
        let end = HistoryEnd(tip: place, asOf: tip.asOf, history: history)
        return try await page(of: scanned(account.account), after: account.position, upTo: end, watching)
    }

    /// The end up to which a history is read.
    private struct HistoryEnd {
        let tip: ChainPlace
        let asOf: Timestamp
        /// The history of the node that has shown it.
        let history: AccountHistory
    }

    private func page(
        of account: ScannedAccount,
        after position: String?,
        upTo end: HistoryEnd,
        _ watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        let (scanned, owner) = (account.address, account.owner)
        let known = try Self.locator(position)
        let all: [AccountStep]
        switch try await end.history.since(known, of: scanned, upTo: end.tip) {
        case .joined(let steps): all = steps
        case .other(let other): return try await goBack(to: other, of: scanned, owner: owner)
        }
        contradictions.forget(scanned)
        let page = all.prefix(Self.pageSize)
        let isWhole = page.count == all.count
        var agreement = Agreement(witnesses: witnesses, account: scanned)
        let confirmed = await agreement.confirmed(among: known.waiting, by: end.history.client)
        var relatives = Relatives(main: address, fees: feeWallet.address, wallets: ownWallets)
        relatives.handedOut = try await handedOut(in: confirmed + page, relatives, watching)
        var observations: [Observation] = []
        for step in confirmed {
            observations += try await read(step, of: scanned, owner: owner, asset: account.asset, relatives)
        }
        for step in page {
            let found = try await read(step, of: scanned, owner: owner, asset: account.asset, relatives)
            if found.contains(where: needsAgreement), try await !agreement.isReached(on: step) { continue }
            observations += found
        }
        var next = page.isEmpty ? known : known.advanced(over: page)
        next.waiting = agreement.waiting
        var result = ScanPage(
            observations: observations,
            position: next == known ? position : next.text,
            hasMore: !isWhole,
            completeUntil: isWhole ? end.asOf : page.last.map { Timestamp(seconds: Int64($0.head.now)) }
        )
        if let awaited = agreement.awaited {
            result.awaited = awaited.reason
            result.completeUntil = min(result.completeUntil ?? awaited.since, awaited.since)
        }
        return result
    }

    /// The wallets of options that a page's messages name and the database has handed out.
    private func handedOut(
        in page: [AccountStep],
        _ relatives: Relatives,
        _ watching: any AccountWatching
    ) async throws(ProviderError) -> Set<TONAddress> {
        var named: [String: TONAddress] = [:]
        for step in page {
            guard case .success(let transaction) = step.content else { continue }
            for case .internal(let message)? in [transaction.inMessage] + transaction.outMessages {
                var body = message.body
                if case .jettonInternalTransfer(let credit) = MessageBody(reading: body) {
                    body = credit.forwardPayload
                }
                if let wallet = relatives.named(in: body) { named[wallet.raw] = wallet }
            }
        }
        guard !named.isEmpty else { return [] }
        return Set(try await watching.watched(among: Set(named.keys)).compactMap { named[$0] })
    }

    /// The request by which a highload wallet sent itself the message that a chain transaction took.
    ///
    /// It is the request that made the message, at the logical time just before the message's own.
    private func requestBehind(
        _ transaction: ChainTransaction,
        of scanned: TONAddress
    ) async throws(ProviderError) -> ExternalInMessage? {
        guard scanned == address, case .highload = wallet, case .internal(let message) = transaction.inMessage,
            message.source == address, let hash = transaction.inMessageHash, transaction.previousLT > 0
        else { return nil }
        let before = ToncenterClient.AccountState(
            balance: 0,
            code: nil,
            data: nil,
            lastLT: transaction.previousLT,
            lastHash: transaction.previousHash
        )
        let cause = try await history.newest(of: address, state: before) { earlier in
            if earlier.lt < message.createdLT, earlier.outMessageHashes.contains(hash) { return .found }
            // A chain transaction makes its messages within 256 steps of logical time.
            let since = message.createdLT.subtractingReportingOverflow(earlier.lt)
            return !since.overflow && since.partialValue > 256 ? .stop : .goOn
        }
        guard case .externalIn(let request) = cause?.inMessage else { return nil }
        return request
    }

    private func needsAgreement(_ observation: Observation) -> Bool {
        guard case .incoming(let transfer) = observation,
            let limit = configuration.agreementAbove[transfer.amount.asset]
        else { return false }
        return !(transfer.amount.units < limit)
    }

    /// The observations of a step of an account's history; an unreadable step is set aside, so that later ones do not
    /// wait.
    private func read(
        _ step: AccountStep,
        of scanned: TONAddress,
        owner: TONAddress,
        asset: AssetID,
        _ relatives: Relatives
    ) async throws(ProviderError) -> [Observation] {
        let transaction: ChainTransaction
        switch step.content {
        case .success(let content): transaction = content
        case .failure(let error): return [setAside(step, of: scanned, asset, because: error.description)]
        }
        let request = try await requestBehind(transaction, of: scanned)
        do throws(ProviderError) {
            return try read(transaction, of: scanned, owner: owner, asset: asset, relatives, request: request)
        } catch { return [setAside(step, of: scanned, asset, because: error.reason)] }
    }

    private func setAside(
        _ step: AccountStep,
        of account: TONAddress,
        _ asset: AssetID,
        because reason: String
    ) -> Observation {
        let network = configuration.network.rawValue
        let found = SetAside(
            naturalKey: NaturalKey("ton", network, account.raw, "\(step.head.lt)", "\(step.hash)", "unread"),
            account: account.raw,
            asset: asset,
            units: nil,
            cause: .unreadable,
            explanation: "a chain transaction cannot be read: \(reason)",
            occurredAt: Timestamp(seconds: Int64(step.head.now))
        )
        return .setAside(found, bytes: (try? step.cell.serialized()) ?? [])
    }

    private func read(
        _ transaction: ChainTransaction,
        of scanned: TONAddress,
        owner: TONAddress,
        asset: AssetID,
        _ relatives: Relatives,
        request: ExternalInMessage?
    ) throws(ProviderError) -> [Observation] {
        var (request, body) = (request, request?.body)
        switch transaction.inMessage {
        case .externalIn(let message): (request, body) = (message, message.body)
        // Anybody may have sent it.
        case .internal(let message) where request == nil: body = message.body
        default: break
        }
        let reading = TransferReading(
            network: configuration.network,
            transaction: transaction,
            account: scanned,
            owner: owner,
            isDerived: owner != address && owner != feeWallet.address,
            relatives: relatives,
            coldWallets: configuration.coldWallets,
            asset: asset,
            request: request,
            number: body.flatMap { number(ofRequest: $0, to: scanned) }
        )
        guard asset == coin else { return reading.jettonObservations() }
        var own: [TONAddress: AssetID] = [:]
        for jetton in configuration.jettons {
            do { own[try jetton.wallet(of: owner)] = jetton.asset } catch {
                throw ProviderError(.malformed, error.description)
            }
        }
        return try reading.coinObservations(ownJettonWallets: own)
    }
}

extension TONProvider {
    /// The balance below which a wallet or jetton wallet can pay rent and fees only for some weeks, in nanotons.
    private static let lowWater: UInt128 = 100_000_000
    private static let jettonLowWater: UInt128 = 10_000_000

    /// Warnings of wallets that run dry: one without coins can pay neither payouts nor its rent, and is frozen in the
    /// end.
    ///
    /// - Throws: `ProviderError`.
    package func warnings() async throws(ProviderError) -> [String] {
        var warnings: [String] = []
        let wallet = try await reporter.account(address)
        if wallet.balance < Self.lowWater {
            warnings.append("the wallet \(address) holds less than 0.1 TON for fees and rent; top it up")
        }
        if configuration.deposit == .derived, !configuration.jettons.isEmpty,
            try await reporter.account(feeWallet.address).balance < Self.lowWater
        {
            warnings.append(
                "the wallet \(feeWallet.address), which pays for gathering jettons, holds less than 0.1 TON; top it up"
            )
        }
        for jetton in configuration.jettons {
            let own: TONAddress
            do { own = try jetton.wallet(of: address) } catch { throw ProviderError(.malformed, error.description) }
            let account = try await reporter.account(own)
            if account.data != nil, account.balance < Self.jettonLowWater {
                warnings.append("the jetton wallet \(own) holds less than 0.01 TON for its rent; top it up")
            }
        }
        return warnings
    }
}

extension TONProvider: BalanceStating {
    /// The balances of the wallet and the wallets of options.
    ///
    /// - Throws: `ProviderError`.
    package func balances(
        of accounts: [ScanAccount],
        at position: String?
    ) async throws(ProviderError) -> ProviderStatement {
        let head = try await reporter.head()
        let standing = ownAccounts
        var all: [ScannedAccount] = []
        for account in standing + accounts.filter({ !standing.contains($0) }) { all.append(try scanned(account)) }
        let states = try await reporter.accounts(Array(Set(all.map(\.address))))
        var sums: [AssetID: Amount] = [:]
        for account in all {
            guard let state = try states[account.address]?.get() else { continue }
            do {
                let amount = Amount(asset: account.asset, units: Int256(try units(of: account.asset, in: state)))
                sums[account.asset] = try (sums[account.asset] ?? .zero(account.asset)).adding(amount)
            } catch let error as ProviderError { throw error } catch { throw ProviderError(.malformed, "\(error)") }
        }
        let balances = sums.values.sorted { $0.asset < $1.asset }
        return ProviderStatement(balances: balances, asOf: head.time, source: "the chain's account states")
    }

    func units(of asset: AssetID, owner: TONAddress) async throws(ProviderError) -> UInt128 {
        let account = try scanned(ScanAccount(account: owner.raw, subject: asset.text))
        return try units(of: asset, in: await payer.account(account.address))
    }

    /// The units in the state of an account: its coins, or the jettons of a jetton wallet.
    private func units(
        of asset: AssetID,
        in state: ToncenterClient.AccountState
    ) throws(ProviderError) -> UInt128 {
        guard let jetton = jetton(asset) else { return state.balance }
        guard let data = state.data else { return 0 }
        do { return try JettonWallet(parsing: data, layout: jetton.layout).balance } catch {
            throw ProviderError(.malformed, error.description)
        }
    }
}
