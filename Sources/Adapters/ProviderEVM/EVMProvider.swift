package import BigInt
package import Cryptography
package import EVM
package import Money
package import Payments
package import Providers
package import Seams

/// The coin of an EVM chain and allow-listed ERC-20 tokens; which chain it is, is configuration.
///
/// Every option has an address of its own, derived from the wallet's seed (BIP-32), so that who paid what is never a
/// question of what a customer wrote.
package struct EVMProvider: PaymentProvider {
    /// When a block counts as final.
    package enum FinalityRule: Hashable, Sendable {
        /// With so many blocks, itself included; at the operator's own risk.
        case confirmations(UInt64)
        /// When the chain's `safe` tag has reached it.
        case safe
        /// When the chain's `finalized` tag has reached it.
        case finalized

        var tag: String? {
            switch self {
            case .confirmations: nil
            case .safe: "safe"
            case .finalized: "finalized"
            }
        }

        var blocks: UInt64 {
            if case .confirmations(let count) = self { return max(1, count) }
            return 1
        }
    }

    /// A token that is taken.
    package struct Token: Hashable, Sendable {
        /// The asset, whose identifier has the contract's address.
        package let asset: AssetID
        /// The contract.
        package let contract: EVMAddress

        /// The token with an asset's identifier.
        ///
        /// - Throws: `ProviderError` with the code `invalidRequest` when the asset is no ERC-20 token.
        package init(asset: AssetID) throws(ProviderError) {
            guard let text = asset.tokenContract, let contract = try? EVMAddress(text) else {
                throw ProviderError(.invalidRequest, "\(asset) is no ERC-20 token")
            }
            self.asset = asset
            self.contract = contract
        }
    }

    /// What the provider works with.
    package struct Configuration: Sendable {
        /// The key in the registry and in the database.
        package var key: String
        /// The chain (EIP-155).
        package var chainID: UInt64
        /// What customers call the chain; none: what it is known as.
        package var name: String?
        /// Whether what it moves has no value.
        package var isTestNetwork: Bool
        /// The tokens that are taken.
        package var tokens: [Token]
        /// When a block counts as final.
        package var finality: FinalityRule
        /// The first block that is read; none: the first one that is final when the gateway starts for the first time.
        package var firstBlock: UInt64?
        /// Accounts of the operator: what comes from them to the hot wallet is its own money, for fees.
        package var operators: Set<EVMAddress>
        /// Accounts of the operator whose keys are kept offline.
        package var coldWallets: Set<EVMAddress>
        /// Whether chain transactions and receipts are checked against the roots of their block; not on chains with types
        /// of their own, where the quorum has to agree on them.
        package var checksRoots: Bool
        /// How old the nodes' head may be.
        package var maximumLag: Duration
        /// How long a transfer waits before it is sent again with a higher fee.
        package var patience: Duration
        /// The most that a unit of gas may cost, in wei.
        package var maximumGasPrice: BigUInt
        /// What of a token is left on the address of an option, because gathering it costs more than it is worth.
        package var gatheringMinimum: [AssetID: BigUInt]

        /// A configuration with the usual limits.
        package init(
            key: String,
            chainID: UInt64,
            name: String? = nil,
            isTestNetwork: Bool,
            tokens: [Token],
            finality: FinalityRule,
            firstBlock: UInt64? = nil,
            operators: Set<EVMAddress> = [],
            coldWallets: Set<EVMAddress> = [],
            checksRoots: Bool = true,
            maximumLag: Duration = .seconds(120),
            patience: Duration = .seconds(90),
            maximumGasPrice: BigUInt = 500_000_000_000,
            gatheringMinimum: [AssetID: BigUInt] = [:]
        ) {
            self.key = key
            self.chainID = chainID
            self.name = name
            self.isTestNetwork = isTestNetwork
            self.tokens = tokens
            self.finality = finality
            self.firstBlock = firstBlock
            self.operators = operators
            self.coldWallets = coldWallets
            self.checksRoots = checksRoots
            self.maximumLag = maximumLag
            self.patience = patience
            self.maximumGasPrice = maximumGasPrice
            self.gatheringMinimum = gatheringMinimum
        }
    }

    let configuration: Configuration
    let client: EVMClient
    let clock: any WallClock
    let coin: AssetID
    let hotKey: Secp256k1.PrivateKey
    let hotAddress: EVMAddress
    let gasKey: Secp256k1.PrivateKey
    let gasAddress: EVMAddress
    let cache = BlockCache()
    private let deposits: ExtendedSecp256k1Key

    /// A provider over one wallet on one chain.
    ///
    /// - Parameters:
    ///   - configuration: what it works with.
    ///   - client: the nodes.
    ///   - seed: the seed of the wallet (BIP-32, 16 to 64 bytes).
    ///   - clock: the clock.
    /// - Throws: `ProviderError` with the code `invalidRequest` when the seed is none, or a token is of another chain.
    package init(
        configuration: Configuration,
        client: EVMClient,
        seed: SecretBytes,
        clock: any WallClock
    ) throws(ProviderError) {
        self.configuration = configuration
        self.client = client
        self.clock = clock
        do {
            coin = try AssetID.evm(configuration.chainID)
            let master = try ExtendedSecp256k1Key(seed: seed)
            hotKey = try master.derived(Self.hotPath).key
            gasKey = try master.derived(Self.gasPath).key
            deposits = try master.derived(Self.depositPath)
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
        hotAddress = EVMAddress(hotKey.publicKey)
        gasAddress = EVMAddress(gasKey.publicKey)
        let prefix = "evm:\(configuration.chainID):"
        guard configuration.tokens.allSatisfy({ $0.asset.text.hasPrefix(prefix) }) else {
            throw ProviderError(.invalidRequest, "a token is of another chain than \(configuration.chainID)")
        }
    }

    /// The paths of BIP-44: the first account pays out from its first address, and from its second pays the gas by which
    /// tokens are gathered, so that the two never wait for each other's numbers; the second account has an address for
    /// each option.
    private static let hotPath = path([44, 60, 0], [0, 0])
    private static let gasPath = path([44, 60, 0], [0, 1])
    private static let depositPath = path([44, 60, 1], [])

    private static func path(_ hardened: [UInt32], _ steps: [UInt32]) -> KeyPath {
        KeyPath(steps: hardened.map { $0 + KeyPath.hardened } + steps)
    }

    /// The account that pays out.
    package var hotWallet: EVMAddress { hotAddress }

    /// The account that gives coins to the addresses of options, so that tokens can leave them.
    package var gasWallet: EVMAddress { gasAddress }

    /// The accounts that a provider with this seed pays out and pays for gas from, so that they can be given coins before
    /// one starts.
    ///
    /// - Throws: `CryptographyError` when the seed is none.
    package static func wallets(of seed: SecretBytes) throws(CryptographyError) -> (hot: EVMAddress, gas: EVMAddress) {
        let master = try ExtendedSecp256k1Key(seed: seed)
        return (
            EVMAddress(try master.derived(hotPath).key.publicKey), EVMAddress(try master.derived(gasPath).key.publicKey)
        )
    }

    /// The provider's key.
    package var key: String { configuration.key }
    /// The rail.
    package var rail: Rail { .evm }
    /// The wallets on this chain; those of options are derived from the same seed.
    package var accountNames: [String] { [hotAddress, gasAddress].map { "evm:\(configuration.chainID):\($0)" } }
    /// The account that pays out, from whose seed all others come.
    package var place: String? { hotAddress.lowercased }
    /// What wallets call the chain.
    package var networkName: String? { configuration.name ?? ChainName.name(of: configuration.chainID) }
    /// What it can do.
    package var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .depositInstruction,
            assets: [coin] + configuration.tokens.map(\.asset),
            takesPartialPayments: true,
            refunds: .partial,
            paysOut: true,
            isTestNetwork: configuration.isTestNetwork
        )
    }

    /// Nothing is pushed.
    package var push: (any PushReceiving)? { nil }
    /// Reads the chain's blocks.
    package var scan: (any TransferScanning)? { self }
    /// Sends signed chain transactions.
    package var send: (any TransferSending)? { self }
    /// States the accounts' balances.
    package var state: (any BalanceStating)? { self }
    /// Gathers what lies on the addresses of options.
    package var gather: (any FundGathering)? { self }

    /// The wallets, and those addresses of options that matter now.
    func accounts(_ watched: Set<String>) -> OwnAccounts {
        OwnAccounts(hot: hotAddress, gas: gasAddress, options: watched, chain: configuration.chainID)
    }

    func token(_ asset: AssetID) -> Token? { configuration.tokens.first { $0.asset == asset } }

    func token(at contract: EVMAddress) -> Token? { configuration.tokens.first { $0.contract == contract } }

    /// Has every node that can be reached name its chain.
    ///
    /// - Throws: `ProviderError` with the code `refused` when one is of another chain.
    package func checkConfiguration() async throws(ProviderError) {
        try await client.checkNodes()
        clock.hear(try await client.latestMoment(), from: key, as: .chain)
    }

    /// Compares the clock with the newest block of the chain, when a block is it.
    func hear(_ block: ChainBlock?, _ tip: EVMClient.Tip) {
        guard let header = block?.header, header.number == tip.head else { return }
        clock.hear(Timestamp(seconds: Int64(clamping: header.timestamp)), from: key, as: .chain)
    }

    // MARK: - Opening

    /// Looks whether such an amount can be paid here.
    ///
    /// - Throws: `ProviderError`.
    package func check(_ request: OpenRequest) throws(ProviderError) { _ = try units(of: request) }

    /// What is due in smallest units, if it can be paid here.
    private func units(of request: OpenRequest) throws(ProviderError) -> BigUInt {
        _ = try RailSettings(request.settings, allowed: capabilities.settings)
        guard let units = BigUInt(exactly: BigInt(request.due.units)), units > 0 else {
            throw ProviderError(.invalidRequest, "the amount has to be more than zero")
        }
        guard token(request.due.asset) != nil || request.due.asset == coin else {
            throw ProviderError(.invalidRequest, "\(request.due.asset) is not taken here")
        }
        return units
    }

    /// Gives an address of the option's own to pay to.
    ///
    /// - Throws: `ProviderError`.
    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        let units = try units(of: request)
        let address = EVMAddress(try depositKey(of: request.option).publicKey)
        let link =
            token(request.due.asset).map { token in
                PaymentLink.token(token.contract, to: address, amount: units, chainID: configuration.chainID)
            } ?? PaymentLink.coin(to: address, amount: units, chainID: configuration.chainID)
        return OpenedOption(
            instruction: .deposit(address: address.description, comment: nil, link: link),
            reference: reference(to: address),
            accounts: [ScanAccount(account: address.lowercased, subject: request.due.asset.text)]
        )
    }

    func reference(to address: EVMAddress) -> PaymentReference {
        PaymentReference(scope: "evm:account:\(configuration.chainID)", value: address.lowercased)
    }

    /// The last two steps of an option's path: 62 bits of its identifier's digest, so that no counter has to be kept and
    /// no two options share an address.
    private static func path(of option: PaymentOptionID) -> KeyPath {
        let digest = SHA256.hash(Array("settlegate deposit address \(option.text)".utf8))
        let steps = [0, 4].map { start in
            digest[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & (KeyPath.hardened - 1)
        }
        return KeyPath(steps: steps)
    }

    func depositKey(of option: PaymentOptionID) throws(ProviderError) -> Secp256k1.PrivateKey {
        do { return try deposits.derived(Self.path(of: option)).key } catch {
            throw ProviderError(.invalidRequest, error.reason)
        }
    }
}
