package import Cryptography
package import HTTPMessages
package import Logging
import Money
package import Payments
import Providers
package import Seams
package import Settlement
import Storage
package import TONConnect

/// Payments that customers confirm in their own TON wallets, without typing anything (TON Connect).
///
/// The gateway holds the session itself: the page shows a link, and everything else goes between the gateway and the
/// wallet, over the wallet's bridge. A wallet's messages decide nothing about money.
package struct WalletPayments: Sendable {
    /// How long a session is open.
    static let lifetime = Duration.seconds(900)
    /// The usual limit of sessions that are open at once.
    package static let usualLimit = 500

    /// The wallets that customers may choose from.
    package let wallets: [WalletEntry]
    let settlement: Settlement
    let transport: any HTTPTransport
    let random: any RandomSource
    let logger: Logger
    let limit: Int
    private let key: SealingKey

    /// Payments by wallets.
    ///
    /// - Parameters:
    ///   - settlement: the use cases.
    ///   - wallets: the wallets that customers may choose from.
    ///   - transport: the way to their bridges, with as many connections to one as sessions may be open.
    ///   - key: the key that seals sessions' secrets, 32 bytes.
    ///   - random: where secrets come from.
    ///   - logger: told of bridges that fail.
    ///   - limit: the most sessions that are open at once.
    package init(
        settlement: Settlement,
        wallets: [WalletEntry],
        transport: any HTTPTransport,
        key: SecretBytes,
        random: any RandomSource,
        logger: Logger,
        limit: Int = usualLimit
    ) {
        self.settlement = settlement
        self.wallets = wallets
        self.transport = transport
        self.key = SealingKey(key, random: random)
        self.random = random
        self.logger = logger
        self.limit = limit
    }

    /// Opens a session for an option; a session that waits for the same wallet is returned again, so that a second tap
    /// opens no second one.
    ///
    /// - Parameters:
    ///   - option: the option.
    ///   - wallet: the wallet's short name.
    /// - Throws: ``WalletPaymentError``, and what the database throws.
    /// - Returns: the session, whose link the customer follows.
    package func open(_ option: PaymentOption, with wallet: String) async throws -> WalletSession {
        guard let entry = wallets.first(where: { $0.appName == wallet }) else {
            throw WalletPaymentError(.notFound, "there is no wallet '\(wallet.prefix(40))'; choose one of the list")
        }
        guard settlement.providers.provider(option.provider)?.customerWallets != nil else {
            throw WalletPaymentError(.notPayable, "the option is not paid by wallets")
        }
        let now = settlement.clock.now()
        let keys = try SessionKeys(random: random)
        let id: WalletSessionID = settlement.identifiers.next()
        let made = WalletSession(
            WalletSession.Opening(
                id: id,
                invoice: option.invoice,
                option: option.id,
                wallet: entry.name,
                bridge: entry.bridge,
                sealedSecret: try seal(keys, of: id),
                link: ConnectLink.url(
                    to: entry,
                    client: keys.clientID,
                    manifest: (settlement.address.url ?? "") + "/tonconnect-manifest.json"
                ),
                createdAt: now,
                expiresAt: now.advanced(by: Self.lifetime)
            )
        )
        return try await settlement.database.write { session in try store(made, at: now, in: session) }
    }

    private func store(_ made: WalletSession, at now: Timestamp, in session: any SQLSession) throws -> WalletSession {
        let opening = made.opening
        guard let invoice = try session.invoice(opening.invoice) else {
            throw WalletPaymentError(.notFound, "there is no such invoice")
        }
        guard invoice.status.state.isPayable, now <= invoice.expiresAt else {
            throw WalletPaymentError(.notPayable, "the invoice can no longer be paid")
        }
        if var last = try session.lastWalletSession(of: invoice.id), last.state.isOpen, now < last.opening.expiresAt {
            let isSame = last.opening.option == opening.option && last.opening.wallet == opening.wallet
            if isSame, last.state == .waiting { return last }
            let before = last
            _ = last.apply(.failed(reason: Reason.replaced.rawValue), from: nil, on: "")
            _ = try session.update(last, from: before)
        }
        try makePlace(for: invoice.merchant, at: now, in: session)
        try session.insert(made, of: invoice.merchant)
        return made
    }

    /// Makes room for a session at the limit, so that neither unanswered sessions nor those of other merchants keep it
    /// out.
    private func makePlace(for merchant: MerchantID, at now: Timestamp, in session: any SQLSession) throws {
        let places = try session.walletSessionPlaces(at: now, limit: limit)
        guard places.count >= limit else { return }
        guard let id = FairPlaces.displaced(by: merchant, among: places), var displaced = try session.walletSession(id)
        else { throw WalletPaymentError(.tooMany, "too many wallet sessions are open; try again in a minute") }
        let before = displaced
        _ = displaced.apply(.failed(reason: Reason.replaced.rawValue), from: nil, on: "")
        _ = try session.update(displaced, from: before)
    }

    /// Why a session cannot go on, as codes for which pages have sentences.
    enum Reason: String {
        case replaced
        case closed
        case disconnected
        case unreachable
        case refused
    }

    // MARK: - Secrets

    private func seal(_ keys: SessionKeys, of id: WalletSessionID) throws -> [UInt8] {
        try key.seal(keys.withSecret { SecretBytes($0) }, for: id.text)
    }

    func keys(of session: WalletSession) throws -> SessionKeys {
        try SessionKeys(secret: try key.open(session.opening.sealedSecret, for: session.opening.id.text))
    }
}
