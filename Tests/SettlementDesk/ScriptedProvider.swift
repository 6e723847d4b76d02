import BigInt
package import Money
package import Payments
package import Providers
package import Seams
package import Synchronization

/// A provider whose answers a test decides.
package final class ScriptedProvider: PaymentProvider, TransferSending, TransferScanning, BalanceStating,
    SubscriptionKeeping, WalletPaying, BatchSending, AccountListening
{
    /// The answers, and how often it was asked.
    package struct Script {
        var settings: Labels = [:]
        package var submission = SubmissionOutcome.accepted
        package var fate = TransferFate.pending
        /// The fates of single transfers; all others have ``fate``.
        package var fates: [String: TransferFate] = [:]
        /// Whether a request takes several transfers.
        package var isBatching = false
        /// Whether one transfer at a time is under way.
        package var hasOneLane = true
        /// The end of prepared transfers.
        package var validUntil: Timestamp?
        package var submitted = 0
        /// The balance that the rail states; nil when it cannot be asked.
        package var held: Amount?
        package var prepared = 0
        /// What may be paid on top of the price.
        package var terms = OptionTerms.none
        /// The expected network fee.
        package var fee: Amount?
        /// Whether the transfers of a request share its fee.
        package var sharesFee = false
        /// Orders that a request never takes, because the wallet holds too little for them.
        package var unpayable: Set<String> = []
        /// How many orders a request takes, from the first on, because they are large.
        package var capacity = Int.max
        /// The next page of its only account; nil when it has no scan.
        package var page: (@Sendable () async throws(ProviderError) -> ScanPage)?
        /// Whether each option has an account of its own, which is named like the option.
        package var hasOwnAccounts = false
        /// What the rail tells of accounts; nil when it has no streams.
        package var stream: Stream?
        /// What a look sees; nil when each account is read.
        package var look: (@Sendable ([PlacedAccount]) async throws(ProviderError) -> AccountLook)?
        /// The next page of an account after a position, in the place of ``page``.
        package var read: (@Sendable (ScanAccount, String?) async throws(ProviderError) -> ScanPage)?
    }

    /// What a stream tells of accounts, until it ends with an error.
    package typealias Stream =
        @Sendable ([ScanAccount], @Sendable (StreamNews) -> Void) async throws(ProviderError) -> Void

    package let script = Mutex(Script())
    package let key: String
    package let rail: Rail
    package let asset: AssetID
    /// The bot that pushes messages; nil when there are none.
    package let bot: String?
    private let refunds: ProviderCapabilities.Refunds
    private let graceAfterExpiry: Duration

    package init(
        asset: AssetID,
        key: String = "scripted",
        rail: Rail = .ton,
        bot: String? = nil,
        refunds: ProviderCapabilities.Refunds = .partial,
        graceAfterExpiry: Duration = .zero,
        accounts: [String]? = nil
    ) {
        self.refunds = refunds
        self.graceAfterExpiry = graceAfterExpiry
        accountNames = accounts ?? [key]
        self.asset = asset
        self.key = key
        self.rail = rail
        self.bot = bot
    }

    package let accountNames: [String]

    /// A bot whose updates a test records itself.
    private struct Bot: PushReceiving {
        let source: String
        func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage] { [] }
        func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError) {}
    }

    package var customerWallets: (any WalletPaying)? { self }
    package let walletNetwork = "-3"

    package func walletMessages(
        paying due: Amount,
        of option: PaymentOption,
        from account: String
    ) throws(ProviderError) -> [WalletTransfer] {
        [WalletTransfer(address: "address", units: 1, payload: nil)]
    }

    package var capabilities: ProviderCapabilities {
        .everything(
            in: asset,
            refunds: refunds,
            settings: [RailSetting("max_tip", .number(0...1_000))],
            graceAfterExpiry: graceAfterExpiry
        )
    }

    package var push: (any PushReceiving)? { bot.map { Bot(source: "telegram:\($0)") } }
    package var scan: (any TransferScanning)? { script.withLock { $0.page == nil && $0.read == nil ? nil : self } }
    package var listen: (any AccountListening)? { script.withLock { $0.stream == nil ? nil : self } }
    package let listeningCapacity = ListeningCapacity(streams: 1, accountsPerStream: 10)

    package func listen(
        to accounts: [ScanAccount],
        _ receive: @Sendable (StreamNews) -> Void
    ) async throws(ProviderError) {
        guard let stream = script.withLock({ $0.stream }) else { throw ProviderError(.unavailable, "it has no stream") }
        try await stream(accounts, receive)
    }

    package var send: (any TransferSending)? { self }
    package var state: (any BalanceStating)? { self }
    package var subscriptions: (any SubscriptionKeeping)? { self }

    package func setRenewal(of charge: String, to isRenewed: Bool) async throws(ProviderError) {}

    package func balances(
        of accounts: [ScanAccount],
        at position: String?
    ) async throws(ProviderError) -> ProviderStatement {
        guard let held = script.withLock({ $0.held }) else { throw ProviderError(.unavailable, "it cannot be asked") }
        return ProviderStatement(balances: [held], asOf: Timestamp(seconds: 0), source: "the script")
    }

    package func terms(of option: PaymentOption) -> OptionTerms { script.withLock { $0.terms } }

    package static func reference(_ option: PaymentOptionID) -> PaymentReference {
        PaymentReference(scope: "scripted", value: option.text)
    }

    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        script.withLock { $0.settings = request.settings }
        return OpenedOption(
            instruction: .deposit(address: "address", comment: request.option.text, link: "link"),
            reference: Self.reference(request.option),
            accounts: script.withLock { $0.hasOwnAccounts }
                ? [ScanAccount(account: request.option.text, subject: "coin")] : []
        )
    }

    /// The settings of the option that was opened last.
    package var lastSettings: Labels { script.withLock { $0.settings } }

    package var standingAccounts: [ScanAccount] { [ScanAccount(account: "account", subject: "coin")] }

    package func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        if let read = script.withLock({ $0.read }) { return try await read(account, position) }
        guard let page = script.withLock({ $0.page }) else { throw ProviderError(.unsupported, "nothing is scanned") }
        return try await page()
    }

    package func look(at accounts: [PlacedAccount]) async throws(ProviderError) -> AccountLook? {
        try await script.withLock({ $0.look })?(accounts)
    }

    package var lane: Lane? { script.withLock { $0.hasOneLane ? Lane("lane", limit: 1) : nil } }

    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        guard !destination.isEmpty else { throw DestinationRefusal(.malformed) }
        return destination
    }

    package func expectedFee(of order: TransferOrder) -> Amount? { script.withLock { $0.fee } }

    package var wallets: [String] { [] }

    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        WalletReading(wallet: key, numbers: .named(done: []))
    }

    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        let end = script.withLock { script in
            script.prepared += 1
            return script.validUntil
        }
        return PreparedTransfer(bytes: Array(order.id.utf8), hash: "hash \(order.id)", sequence: 1, validUntil: end)
    }

    package func expectedFee(of order: TransferOrder, among count: Int) -> Amount? {
        script.withLock { script in
            guard let fee = script.fee, script.sharesFee else { return script.fee }
            let units = (BigInt(fee.units) + BigInt(count) - 1) / BigInt(count)
            return Int256(exactly: units).map { Amount(asset: fee.asset, units: $0) }
        }
    }

    package var batch: (any BatchSending)? { script.withLock { $0.isBatching } ? self : nil }
    package let maximumBatch = 50

    package func prepare(
        _ orders: [TransferOrder],
        after sequence: Int64?,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedBatch {
        let (unpayable, capacity) = script.withLock { script in
            script.prepared += 1
            return (script.unpayable, script.capacity)
        }
        var batch = PreparedBatch(prepared: [:], refused: [:])
        for (position, order) in orders.filter({ !unpayable.contains($0.id) }).prefix(capacity).enumerated() {
            batch.prepared[order.id] = PreparedTransfer(
                bytes: [],
                hash: "batch \(orders[0].id)",
                sequence: 1,
                validUntil: nil,
                position: position
            )
        }
        return batch
    }

    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        script.withLock { script in
            script.submitted += 1
            return script.submission
        }
    }

    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        script.withLock { $0.fates[order.id] ?? $0.fate }
    }
}
