extension GatewayConfiguration {
    /// A wallet on an EVM chain, and what is taken there.
    package struct EVM: Codable, Sendable {
        /// The provider's key; never changed later.
        package var key: String
        /// The chain (EIP-155): 1 is Ethereum, 8453 Base, 56 BNB Smart Chain, 137 Polygon.
        package var chainID: UInt64
        /// The chain's name for customers; the chain's usual name when nil.
        package var name: String?
        /// Whether the chain's assets have no value.
        package var testNetwork: Bool
        /// The JSON-RPC endpoints, the preferred one first; a URL that is secret is given as `keystore:` and the
        /// entry's name.
        package var nodes: [String]
        /// How many requests each of them takes; a request may hold many calls.
        package var requests: Requests?
        /// How many of them have to agree on anything that moves money.
        package var quorum: Int
        /// The hash of the chain's first block, which every node has to have.
        package var genesis: String?
        /// The keystore entry with the wallet's seed.
        package var walletEntry: String
        /// When a block counts as final: `finalized`, `safe`, or a number of confirmations.
        package var finality: String
        /// The first block to read; when nil, the first that is final when the gateway starts for the first time.
        package var firstBlock: UInt64?
        /// The operator's own accounts: coins from them are the operator's money, for fees.
        package var operators: [String]?
        /// Whether blocks are checked against the roots in their headers; false for chains with types of their own.
        package var checkRoots: Bool?
        /// How many transfers of a wallet may wait for a block at once, from 1 to 64; 40 when it is not set.
        package var transfersUnderWay: Int?
        /// The most that a unit of gas may cost, in gwei; 500 when it is not set.
        package var maximumGasPrice: UInt64?
        /// The least amount that is gathered from an invoice's address, a decimal text for each asset; less is not
        /// worth the cost.
        package var gatheringMinimum: [String: String]?
        /// The ERC-20 tokens that are taken, by their asset identifiers.
        package var tokens: [String]

        enum CodingKeys: String, CodingKey {
            case key
            case chainID = "chain_id"
            case name
            case testNetwork = "test_network"
            case nodes
            case requests
            case quorum
            case genesis
            case walletEntry = "wallet_entry"
            case finality
            case firstBlock = "first_block"
            case operators
            case checkRoots = "check_roots"
            case transfersUnderWay = "transfers_under_way"
            case maximumGasPrice = "maximum_gas_price_gwei"
            case gatheringMinimum = "gathering_minimum"
            case tokens
        }
    }
}
