package import BigInt
import Cryptography
package import EVM
import HTTPMessages
package import Money
package import Payments
package import Providers
package import Seams

/// The coin and the allow-listed ERC-20 tokens of one EVM chain, which the configuration names.
///
/// Every option has an address of its own, derived from a public key of the wallet (BIP-32), so that payments are matched
/// without any text from a customer. Private keys are the signer's.
package struct EVMProvider: PaymentProvider {
    /// When a block counts as final.
    package enum FinalityRule: Hashable, Sendable {
        /// When this many blocks contain it or build on it; at the operator's own risk.
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

    /// An accepted token.
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
                throw ProviderError(.invalidRequest, "\(asset) is not an ERC-20 token")
            }
            self.asset = asset
            self.contract = contract
        }
    }

    /// The provider's configuration.
    package struct Configuration: Sendable {
        /// The key in the registry and in the database.
        package var key: String
        /// The chain (EIP-155).
        package var chainID: UInt64
        /// The chain's name for customers; nil for its usual name.
        package var name: String?
        /// Whether the assets have no value.
        package var isTestNetwork: Bool
        /// The accepted tokens.
        package var tokens: [Token]
        /// When a block counts as final.
        package var finality: FinalityRule
        /// The first block that is read; nil for the last final one at the gateway's first start.
        package var firstBlock: UInt64?
        /// Accounts of the operator; money from them to the hot wallet is the operator's own, for fees.
        package var operators: Set<EVMAddress>
        /// Accounts of the operator whose keys are kept offline.
        package var coldWallets: Set<EVMAddress>
        /// Whether chain transactions and receipts are checked against the roots of their block.
        ///
        /// It is false for chains with types of their own, where the quorum has to agree on them.
        package var checksRoots: Bool
        /// How old the nodes' head may be.
        package var maximumLag: Duration
        /// How long a transfer waits before it is sent again with a higher fee.
        package var patience: Duration
        /// How many transfers of the hot wallet may wait for a block at once, and how many of the gas account may be under
        /// way.
        package var transfersUnderWay: Int
        /// The most that a unit of gas may cost, in wei.
        package var maximumGasPrice: BigUInt
        /// The balance of a token below which it is left on the address of an option, because gathering it costs more.
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
            transfersUnderWay: Int = 40,
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
            self.transfersUnderWay = transfersUnderWay
            self.maximumGasPrice = maximumGasPrice
            self.gatheringMinimum = gatheringMinimum
        }
    }

    let configuration: Configuration
    let client: EVMClient
    let clock: any WallClock
    let coin: AssetID
    let signer: any Signer
    let hotAddress: EVMAddress
    let gasAddress: EVMAddress
    let cache = BlockCache()
    private let deposits: ExtendedSecp256k1PublicKey

    /// A provider over one wallet on one chain.
    ///
    /// - Parameters:
    ///   - configuration: the provider's configuration.
    ///   - client: the nodes.
    ///   - signer: the keys of the wallet.
    ///   - clock: the clock.
    /// - Throws: `ProviderError` with the code `invalidRequest` when the signer has other keys, or a token is on
    ///   another chain.
    package init(
        configuration: Configuration,
        client: EVMClient,
        signer: any Signer,
        clock: any WallClock
    ) throws(ProviderError) {
        self.configuration = configuration
        self.client = client
        self.clock = clock
        self.signer = signer
        guard let parent = signer.parentOfOptions else {
            throw ProviderError(.invalidRequest, "the signer has no keys for an EVM chain")
        }
        do {
            coin = try AssetID.evm(configuration.chainID)
            deposits = ExtendedSecp256k1PublicKey(
                key: try Secp256k1.PublicKey(parent.key),
                chainCode: SecretBytes(parent.chainCode)
            )
            hotAddress = EVMAddress(try Secp256k1.PublicKey(signer.publicKey(of: .payouts)))
            gasAddress = EVMAddress(try Secp256k1.PublicKey(signer.publicKey(of: .fees)))
        } catch { throw ProviderError(.invalidRequest, "\(error)") }
        let prefix = "evm:\(configuration.chainID):"
        guard configuration.tokens.allSatisfy({ $0.asset.text.hasPrefix(prefix) }) else {
            throw ProviderError(.invalidRequest, "a token is on another chain than \(configuration.chainID)")
        }
    }

    /// The nodes, asked for payouts and for what has to be known before one.
    var payer: EVMClient { client.asked(for: .payout) }
    /// The nodes, asked for reports.
    var reporter: EVMClient { client.asked(for: .report) }

    /// The account that pays out.
    package var hotWallet: EVMAddress { hotAddress }

    /// The account that gives coins to the addresses of options, for the fees of gathering tokens.
    package var gasWallet: EVMAddress { gasAddress }

    /// The provider's key.
    package var key: String { configuration.key }
    /// The rail.
    package var rail: Rail { .evm }
    /// The wallets on this chain; those of options are derived from the same seed.
    package var accountNames: [String] { [hotAddress, gasAddress].map { "evm:\(configuration.chainID):\($0)" } }
    /// The account that pays out, from whose seed all others come.
    package var place: String? { hotAddress.lowercased }
    /// The chain's name in wallets.
    package var networkName: String? { configuration.name ?? ChainName.name(of: configuration.chainID) }
    /// The provider's abilities.
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
    /// Gathers the money on the addresses of options.
    package var gather: (any FundGathering)? { self }

    /// The wallets, and the watched addresses of options.
    func accounts(_ watched: Set<String>) -> OwnAccounts {
        OwnAccounts(hot: hotAddress, gas: gasAddress, options: watched, chain: configuration.chainID)
    }

    func token(_ asset: AssetID) -> Token? { configuration.tokens.first { $0.asset == asset } }

    func token(at contract: EVMAddress) -> Token? { configuration.tokens.first { $0.contract == contract } }

    /// Asks every reachable node for its chain.
    ///
    /// - Throws: `ProviderError` with the code `refused` when one serves another chain.
    package func checkConfiguration() async throws(ProviderError) {
        try await client.checkNodes()
        clock.observe(try await client.latestMoment(), from: key, as: .chain)
    }

    /// Compares the clock with a block's time, when it is the newest block of the chain.
    func observeClock(of block: ChainBlock?, _ tip: EVMClient.Tip) {
        guard let header = block?.header, header.number == tip.head else { return }
        clock.observe(Timestamp(seconds: Int64(clamping: header.timestamp)), from: key, as: .chain)
    }

    // MARK: - Opening

    /// Checks whether the amount can be paid here.
    ///
    /// - Throws: `ProviderError`.
    package func check(_ request: OpenRequest) throws(ProviderError) { _ = try units(of: request) }

    /// The amount due in smallest units, if it can be paid here.
    private func units(of request: OpenRequest) throws(ProviderError) -> BigUInt {
        _ = try RailSettings(request.settings, allowed: capabilities.settings)
        guard let units = BigUInt(exactly: BigInt(request.due.units)), units > 0 else {
            throw ProviderError(.invalidRequest, "the amount has to be more than zero")
        }
        guard token(request.due.asset) != nil || request.due.asset == coin else {
            throw ProviderError(.invalidRequest, "\(request.due.asset) is not accepted here")
        }
        return units
    }

    /// Returns the option's own address to pay to.
    ///
    /// - Throws: `ProviderError`.
    package func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        let units = try units(of: request)
        let address = try depositAddress(of: request.option)
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

    /// The address of an option, from public keys alone.
    func depositAddress(of option: PaymentOptionID) throws(ProviderError) -> EVMAddress {
        do { return EVMAddress(try deposits.derived(DepositPath.steps(of: option.text)).key) } catch {
            throw ProviderError(.invalidRequest, error.reason)
        }
    }

    /// The signed form of a chain transaction.
    ///
    /// - Throws: `ProviderError`.
    func signed(
        _ transaction: EVMTransaction,
        by wallet: OwnWallet,
        for purpose: SigningIntent.Purpose,
        under permit: SigningPermit
    ) async throws(ProviderError) -> [UInt8] {
        let intent = SigningIntent(
            wallet: wallet,
            number: Int64(clamping: transaction.nonce),
            purpose: purpose,
            content: transaction.signingBytes
        )
        let signature = try await signer.sign(intent, under: permit)
        do { return try transaction.signed(EVMSignature(bytes: signature)).raw ?? [] } catch {
            throw ProviderError(.malformed, error.reason)
        }
    }
}
