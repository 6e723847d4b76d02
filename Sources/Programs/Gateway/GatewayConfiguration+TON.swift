extension GatewayConfiguration {
    /// How many requests each of some nodes takes.
    package struct Requests: Codable, Sendable {
        /// Requests a second, over time.
        package var perSecond: Int
        /// Requests at once after a rest; twice as many as a second's by default.
        package var burst: Int?
        /// Unanswered requests at a time.
        package var inFlight: Int?

        enum CodingKeys: String, CodingKey {
            case perSecond = "per_second"
            case burst
            case inFlight = "in_flight"
        }
    }

    /// A wallet on TON, and what is taken there.
    package struct TON: Codable, Sendable {
        /// How customers are told apart.
        package enum Deposit: String, Codable, Sendable {
            /// All pay to one wallet, each with a comment of their own.
            case comment
            /// Each invoice has a wallet of its own, derived from the merchant's key.
            case derived
        }

        /// A jetton that is taken.
        package struct Jetton: Codable, Sendable {
            /// The asset, for example `ton:mainnet:jetton:0:…`.
            package var asset: String
            /// The code cell of its wallets, a bag of cells in base64.
            package var walletCode: String
            /// How the data cell of its wallets is laid out: `standard` (TEP-74) or `stablecoin`.
            package var layout: String

            enum CodingKeys: String, CodingKey {
                case asset
                case walletCode = "wallet_code"
                case layout
            }

            /// A jetton that is taken.
            package init(asset: String, walletCode: String, layout: String) {
                self.asset = asset
                self.walletCode = walletCode
                self.layout = layout
            }
        }

        /// The provider's key; never changed later.
        package var key: String
        /// The network: `mainnet` or `testnet`.
        package var network: String
        /// The toncenter endpoint, without `/api/…`.
        package var toncenterURL: String
        /// The endpoint at which the node tells which accounts move (the streaming API, version 2, as server-sent events).
        package var streamingURL: String?
        /// How many streams it serves at once; 1 by default.
        package var streamingConnections: Int?
        /// How many requests each of its nodes takes.
        package var requests: Requests?
        /// Other toncenter endpoints that share the reading.
        package var readerURLs: [String]?
        /// Other toncenter endpoints; one of them has to confirm each large credit.
        package var witnessURLs: [String]?
        /// The least amount of a large credit, a decimal text for each asset.
        package var agreementAbove: [String: String]?
        /// The least amount that is gathered from an invoice's wallet, a decimal text for each asset; less is not worth
        /// the fee.
        package var gatheringMinimum: [String: String]?
        /// The keystore entry with its API key, where it needs one.
        package var apiKeyEntry: String?
        /// The keystore entry with the wallet's Ed25519 seed.
        package var walletEntry: String
        /// The wallet's contract: `v3r2`, `v4r2` or `v5r1`.
        package var walletVersion: String
        /// The timeout of a highload wallet v3, in seconds; when set, the wallet that pays out is one.
        package var highloadTimeout: UInt32?
        /// How customers are told apart.
        package var deposit: Deposit
        /// The jettons that are taken.
        package var jettons: [Jetton]

        enum CodingKeys: String, CodingKey {
            case key
            case network
            case toncenterURL = "toncenter_url"
            case streamingURL = "streaming_url"
            case streamingConnections = "streaming_connections"
            case requests
            case readerURLs = "reader_urls"
            case witnessURLs = "witness_urls"
            case agreementAbove = "agreement_above"
            case gatheringMinimum = "gathering_minimum"
            case apiKeyEntry = "api_key_entry"
            case walletEntry = "wallet_entry"
            case walletVersion = "wallet_version"
            case highloadTimeout = "highload_timeout"
            case deposit
            case jettons
        }

        /// A wallet on TON.
        package init(
            key: String,
            network: String,
            toncenterURL: String,
            apiKeyEntry: String?,
            walletEntry: String,
            walletVersion: String,
            deposit: Deposit,
            jettons: [Jetton]
        ) {
            self.key = key
            self.network = network
            self.toncenterURL = toncenterURL
            self.apiKeyEntry = apiKeyEntry
            self.walletEntry = walletEntry
            self.walletVersion = walletVersion
            self.deposit = deposit
            self.jettons = jettons
        }
    }
}
