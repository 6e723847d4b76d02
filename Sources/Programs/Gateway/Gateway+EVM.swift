import BigInt
import Cryptography
import EVM
import Keystore
import Money
import ProviderEVM
import Providers
import Signing

extension Gateway.ConfiguredProviders {
    /// The provider over an EVM chain.
    static func evm(
        _ chain: GatewayConfiguration.EVM,
        _ file: GatewayConfiguration,
        _ keystore: Keystore,
        _ catalogues: Catalogues,
        _ surroundings: Gateway.Surroundings,
        _ nodes: inout NodeBudgets
    ) throws -> EVMProvider {
        let configuration = EVMProvider.Configuration(
            key: chain.key,
            chainID: chain.chainID,
            name: chain.name,
            isTestNetwork: chain.testNetwork,
            tokens: try chain.tokens.map { try EVMProvider.Token(asset: AssetID($0)) },
            finality: try finality(chain),
            firstBlock: chain.firstBlock,
            operators: Set(try (chain.operators ?? []).map { try EVMAddress($0) }),
            coldWallets: Set(try file.coldWallets(of: chain.key).map { try EVMAddress($0) }),
            checksRoots: chain.checkRoots ?? true,
            transfersUnderWay: try transfersUnderWay(chain),
            maximumGasPrice: BigUInt(chain.maximumGasPrice ?? 500) * BigUInt(10).power(9),
            gatheringMinimum: try catalogues.units(
                chain.gatheringMinimum,
                in: "evm.\(chain.key).gathering_minimum"
            )
            .mapValues { BigInt($0).magnitude }
        )
        let client = try EVMClient(
            nodes: try chain.nodes.enumerated().map { number, node in
                let url = try url(node, keystore)
                let transport = try nodes.transport(
                    to: NodeBudgets.Node(
                        url: url,
                        name: "\(chain.key) node \(number + 1)",
                        section: "evm.\(chain.key)",
                        requests: chain.requests,
                        usual: NodeBudgets.usualOfEVM
                    ),
                    surroundings
                )
                return EVMClient.Node(url: url, transport: transport)
            },
            quorum: chain.quorum,
            chainID: chain.chainID,
            genesis: try chain.genesis.map { try EVMHash($0) }
        )
        return try EVMProvider(
            configuration: configuration,
            client: client,
            signer: WalletSigner(
                seed: try keystore.secret(chain.walletEntry),
                on: EVMScheme(chainID: chain.chainID, maximumGasPrice: configuration.maximumGasPrice)
            ),
            clock: surroundings.clock
        )
    }

    /// Nodes keep about 64 waiting chain transactions of one account.
    private static func transfersUnderWay(_ chain: GatewayConfiguration.EVM) throws -> Int {
        let count = chain.transfersUnderWay ?? 40
        guard (1...64).contains(count) else {
            throw ConfigurationError("evm.\(chain.key).transfers_under_way is a number from 1 to 64")
        }
        return count
    }

    private static func finality(_ chain: GatewayConfiguration.EVM) throws -> EVMProvider.FinalityRule {
        switch chain.finality {
        case "finalized": return .finalized
        case "safe": return .safe
        case let text:
            guard let count = UInt64(text), (1...10_000).contains(count) else {
                throw ConfigurationError(
                    "evm.\(chain.key).finality is 'finalized', 'safe' or a number of confirmations from 1 to 10000"
                )
            }
            return .confirmations(count)
        }
    }

    private static func url(_ node: String, _ keystore: Keystore) throws -> String {
        guard node.hasPrefix(GatewayConfiguration.keystorePrefix) else { return node }
        let entry = String(node.dropFirst(GatewayConfiguration.keystorePrefix.count))
        return try unsafe keystore.secret(entry).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
