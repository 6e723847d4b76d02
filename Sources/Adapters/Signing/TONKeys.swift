import Cryptography
package import Money
import Payments
import Providers
import Seams
package import TON

/// The wallets of a TON network, and what they sign.
package struct TONScheme: Sendable {
    /// A jetton that is sent.
    package struct Jetton: Sendable {
        let asset: AssetID
        let master: TONAddress
        let walletCode: Cell
        let layout: JettonWalletLayout

        /// A jetton, with the code and the layout of its wallets.
        package init(asset: AssetID, master: TONAddress, walletCode: Cell, layout: JettonWalletLayout) {
            self.asset = asset
            self.master = master
            self.walletCode = walletCode
            self.layout = layout
        }
    }

    let network: TONNetwork
    let version: WalletVersion
    let highloadTimeout: UInt32?
    let jettons: [Jetton]

    /// The wallets of a network.
    ///
    /// - Parameters:
    ///   - network: the network.
    ///   - version: the contract of all wallets, except a highload wallet that pays out.
    ///   - highloadTimeout: for how many seconds a request of the highload wallet is valid; nil when there is none.
    ///   - jettons: the jettons that may be sent.
    package init(
        network: TONNetwork,
        version: WalletVersion,
        highloadTimeout: UInt32? = nil,
        jettons: [Jetton] = []
    ) {
        self.network = network
        self.version = version
        self.highloadTimeout = highloadTimeout
        self.jettons = jettons
    }
}

/// The keys of one seed on TON: the seed itself pays out, and the other wallets' seeds are HKDF of it and their
/// purpose, so that there is no counter and no two wallets share a key.
struct TONKeys: WalletKeys {
    /// The most coins that a transfer of jettons may carry for its fees, in nanotons.
    private static let mostCarried: UInt128 = 100_000_000

    let scheme: TONScheme
    private let seed: SecretBytes
    private let payouts: Ed25519.PrivateKey
    private let coin: AssetID

    init(seed: SecretBytes, scheme: TONScheme) throws(ProviderError) {
        self.scheme = scheme
        self.seed = seed
        do {
            payouts = try Ed25519.PrivateKey(seed: seed)
            coin = try AssetID.ton(scheme.network.rawValue)
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    /// Options' keys depend on the seed.
    var parentOfOptions: ParentKey? { nil }

    func key(of wallet: OwnWallet) throws(ProviderError) -> Ed25519.PrivateKey {
        switch wallet {
        case .payouts: payouts
        case .fees: try derived("settlegate gas wallet", "")
        case .option(let option): try derived("settlegate deposit wallet", option.text)
        }
    }

    private func derived(_ salt: String, _ info: String) throws(ProviderError) -> Ed25519.PrivateKey {
        do {
            let own = try KeyDerivation.hkdfSHA256(
                key: seed,
                salt: Array(salt.utf8),
                info: Array(info.utf8),
                length: 32
            )
            return try Ed25519.PrivateKey(seed: own)
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    func publicKey(of wallet: OwnWallet) throws(ProviderError) -> [UInt8] { try key(of: wallet).publicKey.bytes }

    func address(of wallet: OwnWallet) throws(ProviderError) -> TONAddress {
        do {
            let key = try key(of: wallet).publicKey
            if wallet == .payouts, let timeout = scheme.highloadTimeout {
                return try HighloadWallet(publicKey: key, timeout: timeout).address()
            }
            return try Wallet(version: scheme.version, publicKey: key, network: scheme.network).address()
        } catch { throw error as? ProviderError ?? ProviderError(.invalidRequest, "\(error)") }
    }

    func account(of wallet: OwnWallet) throws(ProviderError) -> String { try address(of: wallet).raw }

    func account(named destination: String) throws(ProviderError) -> String {
        do { return try AddressText(destination).address.raw } catch { throw ProviderError(.refused, error.reason) }
    }

    /// The hash of the body, or of the jettons' forward payload.
    func message(saying comment: String?) throws(ProviderError) -> [UInt8] {
        do {
            let body = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
            return body.hash.bytes
        } catch { throw ProviderError(.refused, error.reason) }
    }

    func sign(_ content: [UInt8], by wallet: OwnWallet) throws(ProviderError) -> [UInt8] {
        do { return try key(of: wallet).sign(try BagOfCells.root(of: content).hash.bytes) } catch {
            throw error as? ProviderError ?? ProviderError(.invalidRequest, "\(error)")
        }
    }

    // MARK: - Reading

    func read(_ intent: SigningIntent) throws(ProviderError) -> ReadContent {
        do throws(TONError) {
            let content = try BagOfCells.root(of: intent.content)
            let own: TONAddress
            do { own = try address(of: intent.wallet) } catch { throw Self.foreign(error.reason) }
            let (number, messages) = try request(content, by: intent, from: own)
            var movements: [ReadMovement] = []
            for message in messages { movements.append(try movement(of: message, from: own, intent)) }
            return ReadContent(number: number, movements: movements)
        } catch { throw ProviderError(.refused, "it is not signed: \(error.reason)") }
    }

    /// The number and the messages of a request, of which the same content can be composed again.
    private func request(
        _ content: Cell,
        by intent: SigningIntent,
        from own: TONAddress
    ) throws(TONError) -> (number: Int64, messages: [WalletMessage]) {
        let key: Ed25519.PublicKey
        do { key = try self.key(of: intent.wallet).publicKey } catch { throw Self.foreign(error.reason) }
        if intent.wallet == .payouts, let timeout = scheme.highloadTimeout {
            let wallet = HighloadWallet(publicKey: key, timeout: timeout)
            let request = try HighloadRequest(content: content)
            let messages = try Self.listed(request.message, from: own)
            let sequence = UInt64(clamping: intent.number)
            let again = try wallet.content(messages, sequence: sequence, createdAt: request.createdAt)
            guard again.hash == content.hash else { throw Self.foreign("it is no request of this wallet") }
            return (intent.number, messages)
        }
        let wallet = Wallet(version: scheme.version, publicKey: key, network: scheme.network)
        let request = try WalletRequest(content: content, version: scheme.version)
        var messages: [WalletMessage] = []
        for send in request.messages { messages.append(try Self.message(send)) }
        let again = try wallet.content(messages, seqno: request.seqno, validUntil: request.validUntil)
        guard again.hash == content.hash else { throw Self.foreign("it is no request of this wallet") }
        return (Int64(request.seqno), messages)
    }

    /// The messages that a highload wallet sends: one, or a list through a message to itself.
    private static func listed(
        _ send: OutgoingActions.Send,
        from own: TONAddress
    ) throws(TONError) -> [WalletMessage] {
        let outer = try message(send)
        guard outer.message.destination == own else { return [outer] }
        var body = outer.message.body.slice()
        try body.skip(96)
        var messages: [WalletMessage] = []
        for send in try OutgoingActions.messages(in: body.loadReference()) { messages.append(try message(send)) }
        return messages
    }

    private static func message(_ send: OutgoingActions.Send) throws(TONError) -> WalletMessage {
        guard case .internal(let read) = try Message(parsing: send.message), read.stateInit == nil else {
            throw foreign("a request asks for plain messages between accounts")
        }
        return try WalletMessage(
            to: read.destination,
            amount: read.value,
            bounce: read.bounce,
            body: read.body,
            mode: send.mode
        )
    }

    /// What one message moves: coins, or jettons by our jetton wallet.
    private func movement(
        of message: WalletMessage,
        from own: TONAddress,
        _ intent: SigningIntent
    ) throws(TONError) -> ReadMovement {
        let (read, isOwn) = (message.message, intent.isBetweenOwn)
        // Errors are ignored or not; fees are paid separately; or the whole balance goes, to our own wallet.
        let isEverything = message.mode & ~2 == 128 && isOwn && read.value == 0
        guard isEverything || message.mode == 1 || message.mode == 3 else {
            throw Self.foreign("the send mode \(message.mode) is none of ours")
        }
        for jetton in scheme.jettons {
            let held = try JettonWallet.address(
                owner: own,
                master: jetton.master,
                code: jetton.walletCode,
                layout: jetton.layout
            )
            guard held == read.destination else { continue }
            return try movement(of: jetton, by: read, isOwn: isOwn)
        }
        return ReadMovement(
            receiver: read.destination.raw,
            asset: coin,
            units: isEverything ? nil : Int256(read.value),
            message: isOwn ? [] : read.body.hash.bytes
        )
    }

    private func movement(
        of jetton: TONScheme.Jetton,
        by message: InternalMessage,
        isOwn: Bool
    ) throws(TONError) -> ReadMovement {
        guard case .jettonTransfer(let transfer) = MessageBody(reading: message.body),
            try transfer.cell().hash == message.body.hash, let receiver = transfer.destination,
            transfer.customPayload == nil, message.value <= Self.mostCarried, isOurs(transfer.responseDestination)
        else { throw Self.foreign("a jetton wallet is asked for something else than a transfer") }
        return ReadMovement(
            receiver: receiver.raw,
            asset: jetton.asset,
            units: Int256(transfer.amount),
            message: isOwn ? [] : transfer.forwardPayload.hash.bytes
        )
    }

    /// Whether unused coins come back to one of the wallets that are not those of options.
    private func isOurs(_ address: TONAddress?) -> Bool {
        [OwnWallet.payouts, .fees].contains { (try? self.address(of: $0)) == address }
    }

    private static func foreign(_ reason: String) -> TONError { TONError(.malformedStructure, reason) }
}

extension SigningIntent {
    /// Whether all receivers are own wallets, as the policy demands then.
    fileprivate var isBetweenOwn: Bool { if case .orders = purpose { false } else { true } }
}
