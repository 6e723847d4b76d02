package import Money
package import Payments
package import Providers
import Seams
import StrictJSON
import TelegramBot

/// Telegram Stars (XTR) on a bot's own account.
package struct TelegramStarsProvider: PaymentProvider {
    let channel: TelegramChannel

    /// A provider of Stars.
    package init(channel: TelegramChannel) {
        self.channel = channel
    }

    /// The bot's key and `-stars`.
    package var key: String { TelegramChannel.starsProvider(of: channel.key) }
    /// The bot's number.
    package var place: String? { channel.client.number.map { "bot \($0)" } }
    /// The rail.
    package var rail: Rail { .telegramStars }
    /// The bot's Star account.
    package var accountNames: [String] { [channel.account(of: "stars")] }
    /// The provider's abilities.
    package var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .invoiceLink,
            assets: [.stars],
            takesPartialPayments: false,
            refunds: .full,
            paysOut: false,
            isTestNetwork: channel.mapping.isTestEnvironment,
            graceAfterExpiry: .seconds(150)
        )
    }

    /// Takes updates.
    package var push: (any PushReceiving)? { self }
    /// Reads the Star account, which also shows payments without an update.
    package var scan: (any TransferScanning)? { self }
    /// Refunds payments.
    package var send: (any TransferSending)? { self }
    /// Sells media in chats.
    package var media: (any MediaSelling)? { self }
    /// Manages subscriptions of 30 days.
    package var subscriptions: (any SubscriptionKeeping)? { self }
    /// States the Star balance.
    package var state: (any BalanceStating)? { self }

    /// Checks whether Telegram could accept the order.
    ///
    /// - Throws: `ProviderError`.
    package func check(_ request: OpenRequest) throws(ProviderError) { try channel.check(link(request)) }

    /// Opens an invoice link; the link of an invoice that begins a subscription takes each period's payment.
    ///
    /// - Throws: `ProviderError`.
    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        try await channel.open(link(request))
    }

    private func link(_ request: OpenRequest) throws(ProviderError) -> InvoiceLink {
        _ = try RailSettings(request.settings, allowed: capabilities.settings)
        // An invoice in Stars has exactly one price, so that lines are added up.
        let single = OpenRequest(option: request.option, invoice: request.invoice, due: request.due)
        var link = try channel.link(single, currency: InvoiceLink.stars, providerToken: "")
        if request.invoice.subscription != nil { link.subscriptionPeriod = InvoiceLink.onlySubscriptionPeriod }
        return link
    }
}

extension TelegramStarsProvider: PushReceiving {
    /// The bot's inbox.
    package var source: String { channel.source }

    /// Reads an update; updates about fiat money are left to the other provider.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    package func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage] {
        try channel.interpret(message) { $0 == InvoiceLink.stars }
    }

    /// Answers a pre-checkout query.
    ///
    /// - Throws: `ProviderError`; with the code `tooLate` when Telegram no longer waits.
    package func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError) {
        try await channel.answer(question, with: decision)
    }
}

extension TelegramStarsProvider: TransferScanning {
    private static let pageSize: Int64 = 100

    /// The bot's Star account.
    package var standingAccounts: [ScanAccount] {
        get async throws(ProviderError) { [ScanAccount(account: channel.key, subject: AssetID.stars.text)] }
    }

    /// A page of the Star account; the position is the number of lines that were read.
    ///
    /// - Throws: `ProviderError`.
    package func page(
        of account: ScanAccount,
        after position: String?,
        watching: any AccountWatching
    ) async throws(ProviderError) -> ScanPage {
        guard let offset = position.map({ Int64($0) }) ?? 0, offset >= 0 else {
            throw ProviderError(.malformed, "the position of the Star account is not a number")
        }
        let now = channel.clock.now()
        let lines: [StarTransaction]
        do { lines = try await channel.client.starTransactions(offset: offset, limit: Self.pageSize) } catch {
            throw ProviderError(error)
        }
        var observations: [Observation] = []
        for line in lines { observations.append(try channel.mapping.observation(line)) }
        let next = offset + Int64(lines.count)
        let isWhole = lines.count < Int(Self.pageSize)
        return ScanPage(
            observations: observations,
            position: next == 0 ? position : String(next),
            hasMore: !isWhole,
            // A line of the future proves nothing of what is not shown yet.
            completeUntil: isWhole ? now : lines.last.map { min(now, Timestamp(seconds: $0.date)) }
        )
    }
}

extension TelegramStarsProvider: TransferSending {
    /// Refunds do not depend on each other.
    package var lane: Lane? { nil }

    /// The destination of a refund: a user and a charge.
    ///
    /// - Throws: `DestinationRefusal`.
    package func account(of destination: String, for asset: AssetID) throws(DestinationRefusal) -> String {
        _ = try charge(in: destination)
        return destination
    }

    private func charge(in destination: String) throws(DestinationRefusal) -> (user: Int64, charge: String) {
        let parts = destination.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let user = Int64(parts[0]) else {
            throw DestinationRefusal(.malformed, "a return of Stars names a user and a charge")
        }
        return (user, String(parts[1]))
    }

    /// There are no keys, because a bot's token is enough.
    package var wallets: [String] { [] }

    /// Reads the refunded charges in the Star account after the scan cursor.
    ///
    /// Earlier ones were recorded by the scan. So a database that was restored from a copy has every refund before it
    /// sends another.
    /// - Throws: `ProviderError`.
    package func readWallet(
        _ wallet: String?,
        scannedTo position: String?
    ) async throws(ProviderError) -> WalletReading {
        var offset = position.flatMap { Int64($0) } ?? 0
        var done: Set<String> = []
        while true {
            let lines: [StarTransaction]
            do { lines = try await channel.client.starTransactions(offset: offset, limit: Self.pageSize) } catch {
                throw ProviderError(error)
            }
            done.formUnion(lines.filter { !$0.isIncoming }.map(\.id))
            offset += Int64(lines.count)
            guard lines.count == Int(Self.pageSize) else { break }
        }
        return WalletReading(wallet: channel.key, numbers: .named(done: done))
    }

    /// Nothing is signed: the user and the charge are the request.
    ///
    /// - Throws: `ProviderError` with the code `refused` when the destination is invalid.
    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        let (user, charge): (Int64, String)
        do { (user, charge) = try self.charge(in: order.destination) } catch {
            throw ProviderError(.refused, error.reason)
        }
        guard !permit.done.contains(charge) else {
            throw ProviderError(.unavailable, "Telegram has returned it already; the scan of the Star account books it")
        }
        let request: JSONValue = ["user_id": .integer(user), "telegram_payment_charge_id": .string(charge)]
        return PreparedTransfer(bytes: request.bytes, hash: Self.name(of: charge), sequence: nil, validUntil: nil)
    }

    private static func name(of charge: String) -> String { "refund:\(charge)" }

    /// Whether the Star account shows that the charge was refunded.
    package func isDone(_ prepared: PreparedTransfer, under permit: SigningPermit) -> Bool {
        permit.done.contains { Self.name(of: $0) == prepared.hash }
    }

    /// Asks Telegram to refund the Stars.
    ///
    /// `CHARGE_ALREADY_REFUNDED` means done: Telegram is known to return it even for the call that made the refund.
    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        guard let request = try? JSONValue(parsing: prepared.bytes) else {
            return .rejected(reason: "the stored request cannot be read")
        }
        do {
            try await channel.client.call("refundStarPayment", request)
            return .done
        } catch {
            if error.names("CHARGE_ALREADY_REFUNDED") { return .done }
            return error.code == .refused ? .rejected(reason: error.reason) : .unknown(reason: error.reason)
        }
    }

    /// Always pending: the Star account shows the refund (``isDone(_:under:)``), and so does another submission.
    ///
    /// A charge is refunded only once.
    ///
    /// - Throws: `ProviderError`; in practice never, because the rail is not asked.
    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        .pending
    }
}

extension TelegramStarsProvider: BalanceStating {
    /// The balance of the Star account.
    ///
    /// - Throws: `ProviderError`.
    package func balances(
        of accounts: [ScanAccount],
        at position: String?
    ) async throws(ProviderError) -> ProviderStatement {
        let balance: StarAmount
        do { balance = try await channel.client.starBalance() } catch { throw ProviderError(error) }
        return ProviderStatement(
            balances: [try channel.mapping.amount(balance)],
            asOf: channel.clock.now(),
            source: "getMyStarBalance"
        )
    }
}
