import Cryptography
import HTTPMessages
package import Money
package import Payments
package import Providers
package import Seams
package import TON

/// TON coin and allow-listed jettons on one wallet.
package struct TONProvider: PaymentProvider {
    /// An accepted jetton.
    package struct Jetton: Hashable, Sendable {
        /// The asset.
        package let asset: AssetID
        /// The jetton's master.
        package let master: TONAddress
        /// The code of its wallets, which decides their addresses.
        package let walletCode: Cell
        /// How the data of its wallets is laid out.
        package let layout: JettonWalletLayout

        /// An accepted jetton.
        package init(asset: AssetID, master: TONAddress, walletCode: Cell, layout: JettonWalletLayout) {
            self.asset = asset
            self.master = master
            self.walletCode = walletCode
            self.layout = layout
        }

        /// The jetton wallet of an owner, which is computed and never asked for.
        func wallet(of owner: TONAddress) throws(TONError) -> TONAddress {
            try JettonWallet.address(owner: owner, master: master, code: walletCode, layout: layout)
        }
    }

    /// How payments are told apart.
    package enum Deposit: String, Hashable, Sendable, CaseIterable {
        /// All customers pay to one wallet, each with a comment.
        case comment
        /// Each option has a wallet of its own.
        case derived
    }

    /// The provider's configuration.
    package struct Configuration: Sendable {
        /// The key in the registry and in the database.
        package var key: String
        /// The network.
        package var network: TONNetwork
        /// The contract of wallets, also of those of single options.
        package var walletVersion: WalletVersion
        /// When set, the wallet that pays out is a highload wallet v3, whose requests are valid for this many seconds.
        ///
        /// It is a part of the wallet's address.
        package var highloadTimeout: UInt32?
        /// The accepted jettons.
        package var jettons: [Jetton]
        /// How payments are told apart.
        package var deposit: Deposit
        /// How old the node's head may be.
        package var maximumLag: Duration
        /// How long a signed transfer can take effect.
        package var transferLifetime: Duration
        /// The amount, in smallest units, from which a second node has to confirm a credit; other assets need no second
        /// node.
        package var agreementAbove: [AssetID: Int256]
        /// Wallets of the operator whose keys are kept offline.
        package var coldWallets: Set<TONAddress>
        /// The least amount that is worth the fee of gathering it, in smallest units; by default a twentieth of a TON
        /// for coins, and nothing for jettons.
        package var gatheringMinimum: [AssetID: Int256]

        /// A configuration with the usual limits.
        package init(
            key: String,
            network: TONNetwork,
            walletVersion: WalletVersion,
            highloadTimeout: UInt32? = nil,
            jettons: [Jetton],
            deposit: Deposit,
            maximumLag: Duration = .seconds(120),
            transferLifetime: Duration = .seconds(300),
            agreementAbove: [AssetID: Int256] = [:],
            coldWallets: Set<TONAddress> = [],
            gatheringMinimum: [AssetID: Int256] = [:]
        ) {
            self.key = key
            self.network = network
            self.walletVersion = walletVersion
            self.highloadTimeout = highloadTimeout
            self.jettons = jettons
            self.deposit = deposit
            self.maximumLag = maximumLag
            self.transferLifetime = transferLifetime
            self.agreementAbove = agreementAbove
            self.coldWallets = coldWallets
            self.gatheringMinimum = gatheringMinimum
        }
    }

    let configuration: Configuration
    let client: ToncenterClient
    let witnesses: [ToncenterClient]
    /// The nodes that share the reading, the first of which is ``client``.
    let readers: [ToncenterClient]
    /// The node's stream of news; nil when it has none.
    let stream: ToncenterStream?
    let history: AccountHistory
    let ownWallets: OwnWallets
    let feeWallet: OwnWallets.Named
    let signer: any Signer
    let wallet: HotWallet
    let requests = FoundRequests()
    let contradictions = Contradictions()
    let scannedAccounts = ScannedAccounts()
    let address: TONAddress
    let coin: AssetID
    let clock: any WallClock
    private let random: any RandomSource

    /// A provider over one wallet.
    ///
    /// - Parameters:
    ///   - configuration: the provider's configuration.
    ///   - client: the node.
    ///   - readers: other nodes that share the reading with it.
    ///   - witnesses: other nodes, which have to confirm large credits.
    ///   - stream: the node's stream of news, where it has one.
    ///   - signer: the keys of the wallet and of those of single options.
    ///   - clock: the clock.
    ///   - random: the source of comments.
    /// - Throws: `ProviderError` with the code `invalidRequest` when the signer has other keys.
    package init(
        configuration: Configuration,
        client: ToncenterClient,
        readers: [ToncenterClient] = [],
        witnesses: [ToncenterClient] = [],
        stream: ToncenterStream? = nil,
        signer: any Signer,
        clock: any WallClock,
        random: any RandomSource
    ) throws(ProviderError) {
        self.configuration = configuration
        self.client = client
        self.witnesses = witnesses
        self.readers = [client] + readers
        self.stream = stream
        guard configuration.agreementAbove.isEmpty || !witnesses.isEmpty else {
            throw ProviderError(.invalidRequest, "credits that need a second node need one to be configured")
        }
        ownWallets = OwnWallets(signer: signer, version: configuration.walletVersion, network: configuration.network)
        feeWallet = try ownWallets.forFees()
        self.signer = signer
        self.clock = clock
        self.random = random
        history = AccountHistory(client: client)
        do {
            let key = try Ed25519.PublicKey(signer.publicKey(of: .payouts))
            if let timeout = configuration.highloadTimeout {
                wallet = .highload(HighloadWallet(publicKey: key, timeout: timeout))
            } else {
                let version = configuration.walletVersion
                wallet = .numbered(Wallet(version: version, publicKey: key, network: configuration.network))
            }
            address = try wallet.address()
            coin = try AssetID.ton(configuration.network.rawValue)
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
    }

    /// The wallet that customers pay to, and that pays out.
    package var walletAddress: TONAddress { address }

    /// The wallet that pays the fees of gathering from wallets of single options.
    package var feeWalletAddress: TONAddress { feeWallet.address }

    /// The provider's key.
    package var key: String { configuration.key }
    /// The rail.
    package var rail: Rail { .ton }
    /// The wallet, and the one for fees where options have wallets of their own.
    package var accountNames: [String] {
        ([address] + (configuration.deposit == .derived ? [feeWallet.address] : [])).map {
            "ton:\(configuration.network.rawValue):\($0.raw)"
        }
    }
    /// The wallet's account.
    package var place: String? { address.raw }
    /// The network's name in wallets.
    package var networkName: String? { configuration.network == .mainnet ? "TON" : "TON testnet" }
    /// The provider's abilities.
    package var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .depositInstruction,
            assets: [coin] + configuration.jettons.map(\.asset),
            takesPartialPayments: true,
            refunds: .partial,
            paysOut: true,
            isTestNetwork: configuration.network == .testnet,
            commentLimit: Self.commentLimit
        )
    }

    /// The most bytes of a payout's comment.
    ///
    /// So long a comment costs at most 0.01 TON on the basechain, the coins that jettons carry pay for it, and a request
    /// still holds about a hundred of them.
    package static let commentLimit = 500

    /// Nothing is pushed.
    package var push: (any PushReceiving)? { nil }
    /// Reads the wallets' histories.
    package var scan: (any TransferScanning)? { self }
    /// Hears of accounts that move, where the node tells it.
    package var listen: (any AccountListening)? { stream == nil ? nil : self }
    /// Sends signed wallet messages.
    package var send: (any TransferSending)? { self }
    /// A highload wallet sends many at once.
    package var batch: (any BatchSending)? { self }
    /// Empties the wallets of single options.
    package var gather: (any FundGathering)? { configuration.deposit == .derived ? self : nil }
    /// States the wallets' balances.
    package var state: (any BalanceStating)? { self }

    /// The node, asked for what moves money.
    var payer: ToncenterClient { client.asked(for: .payout) }
    var payerHistory: AccountHistory { AccountHistory(client: payer) }
    /// The node, asked for what is reported.
    var reporter: ToncenterClient { client.asked(for: .report) }

    func jetton(_ asset: AssetID) -> Jetton? { configuration.jettons.first { $0.asset == asset } }

    // MARK: - Opening

    /// Checks whether the amount can be paid here.
    ///
    /// - Throws: `ProviderError`.
    package func check(_ request: OpenRequest) throws(ProviderError) { _ = try units(of: request) }

    /// The amount due in smallest units, if it can be paid here.
    private func units(of request: OpenRequest) throws(ProviderError) -> UInt128 {
        _ = try RailSettings(request.settings, allowed: capabilities.settings)
        guard request.due.isPositive else {
            throw ProviderError(.invalidRequest, "the amount has to be more than zero")
        }
        guard let units = UInt128(exactly: request.due.units), units < 1 << 120 else {
            throw ProviderError(.invalidRequest, "the amount is too large for TON")
        }
        guard jetton(request.due.asset) != nil || request.due.asset == coin else {
            throw ProviderError(.invalidRequest, "\(request.due.asset) is not accepted here")
        }
        return units
    }

    /// Returns an address to pay to: the wallet with a comment, or the option's own wallet.
    ///
    /// - Throws: `ProviderError`.
    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        let units = try units(of: request)
        let jetton = jetton(request.due.asset)
        let isDerived = configuration.deposit == .derived
        let target = isDerived ? try ownWallets.ofOption(request.option).address : address
        let comment = isDerived ? nil : TypedComment.draw(from: random)
        let isTest = configuration.network == .testnet
        let link = TransferLink.ton(
            to: target,
            testOnly: isTest,
            amount: units,
            comment: comment,
            jetton: jetton?.master
        )
        let reference =
            comment.map { TransferReading.reference(comment: $0, to: target) }
            ?? TransferReading.reference(to: target)
        return OpenedOption(
            instruction: .deposit(
                address: target.friendly(bounceable: false, testOnly: isTest),
                comment: comment,
                link: link
            ),
            reference: reference,
            accounts: isDerived ? accounts(of: target) : []
        )
    }

    /// The scanned parts of an account: its coins, and each accepted jetton.
    func accounts(of owner: TONAddress) -> [ScanAccount] {
        [ScanAccount(account: owner.raw, subject: coin.text)]
            + configuration.jettons.map { ScanAccount(account: owner.raw, subject: $0.asset.text) }
    }
}
