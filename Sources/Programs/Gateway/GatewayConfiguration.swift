import Ledger
package import Storage
import StoragePostgreSQL
import StorageSQLite
import TelegramBot
import Webhooks

/// The configuration file of a gateway (`Config/settlegate.yaml`).
///
/// Secrets are never in it: it names the environment variables and the keystore entries that hold them.
package struct GatewayConfiguration: Codable, Sendable {
    /// Whether money is real.
    package enum Environment: String, Codable, Sendable {
        case test
        case live
    }

    /// The database.
    package struct Database: Codable, Sendable {
        /// The path of the SQLite file.
        package var path: String?
        /// How PostgreSQL is reached, in libpq's words; instead of a path.
        package var postgresql: String?
        /// How many books of merchants a new database gets; nil leaves the choice to the engine.
        package var books: Int?

        /// A database in the file at `path`.
        package init(path: String) {
            self.path = path
        }

        /// Opens it.
        ///
        /// - Parameter migrating: whether to bring the schema of an existing database up to date; without it, an older
        ///   schema is refused.
        /// - Throws: ``ConfigurationError`` when not exactly one place is named or the number of books is out of
        ///   bounds, and `StorageError`.
        /// - Returns: the database.
        package func open(migrating: Bool = true) throws -> any Storage.Database {
            if let books, !(1...LedgerBook.limit).contains(books) {
                throw ConfigurationError("'database.books' is a number from 1 to \(LedgerBook.limit)")
            }
            switch (path, postgresql) {
            case (let path?, nil):
                return try SQLiteDatabase(path: path, migrating: migrating, books: books ?? SQLiteDatabase.usualBooks)
            case (nil, let settings?):
                return try PostgresDatabase(
                    settings: settings,
                    migrating: migrating,
                    books: books ?? PostgresDatabase.usualBooks
                )
            default: throw ConfigurationError("'database' has either a 'path' or 'postgresql'")
            }
        }

        /// Spreads the tables over the nodes of a PostgreSQL with the Citus extension.
        ///
        /// - Throws: ``ConfigurationError`` when the database is no PostgreSQL, and `StorageError` with the code
        ///   `missingExtension`.
        /// - Returns: the tables that were not distributed before.
        package func distribute() throws -> [String] {
            guard let settings = postgresql else {
                throw ConfigurationError(
                    "'--distributed' needs PostgreSQL with the Citus extension: set 'database.postgresql'"
                )
            }
            return try PostgresDatabase.distribute(settings)
        }
    }

    /// Where the gateway listens.
    package struct HTTP: Codable, Sendable {
        /// The address to listen on.
        package var host: String
        /// The port; 0 takes a free one.
        package var port: Int
        /// How Telegram reaches the gateway, for example `https://pay.example.com`; `self` is the address that it
        /// listens on, for a sandbox.
        ///
        /// When it is set, the bots' webhooks are registered at start.
        package var publicURL: String?
        /// How many requests one API key may make in a minute.
        package var requestsPerMinute: Int?
        /// The path of a file that gets a line for each request; nil keeps no lines.
        package var requestLog: String?

        enum CodingKeys: String, CodingKey {
            case host
            case port
            case publicURL = "public_url"
            case requestsPerMinute = "requests_per_minute"
            case requestLog = "request_log"
        }

        /// The domain that customers' wallets show when customers prove that an account is theirs.
        var domain: String {
            guard let rest = configuredAddress?.split(separator: "/").dropFirst().first
            else {
                return host
            }
            return String(rest.prefix { $0 != ":" })
        }

        /// The public address, when it is known before the gateway listens.
        package var configuredAddress: String? { publicURL == "self" ? nil : publicURL }

        /// The gateway's public address when it listens at `url`.
        package func address(listeningAt url: String) -> String { configuredAddress ?? url }

        /// An address to listen on.
        package init(host: String, port: Int, publicURL: String? = nil) {
            self.host = host
            self.port = port
            self.publicURL = publicURL
        }
    }

    /// The encrypted file with the signing keys, made by `settlegate keys create`.
    package struct Keystore: Codable, Sendable {
        /// The path of the file.
        package var path: String
        /// The environment variable with its passphrase.
        package var passphraseVariable: String

        enum CodingKeys: String, CodingKey {
            case path
            case passphraseVariable = "passphrase_variable"
        }

        /// A keystore in the file at `path`.
        package init(path: String, passphraseVariable: String) {
            self.path = path
            self.passphraseVariable = passphraseVariable
        }
    }

    /// A rate that the operator sets.
    package struct FixedRate: Codable, Sendable {
        /// The asset that has a price.
        package var base: String
        /// The asset that the price is in.
        package var quote: String
        /// The price of one major unit of `base`, a decimal text.
        package var price: String
        /// How long a quote made from it holds, in seconds.
        package var validFor: Int

        enum CodingKeys: String, CodingKey {
            case base
            case quote
            case price
            case validFor = "valid_for"
        }

        /// A rate that the operator sets.
        package init(base: String, quote: String, price: String, validFor: Int) {
            self.base = base
            self.quote = quote
            self.price = price
            self.validFor = validFor
        }
    }

    /// How events reach merchants.
    package struct Webhooks: Codable, Sendable {
        /// Whether endpoints may lie on private addresses; for development only, refused when the environment is live.
        package var allowPrivateAddresses: Bool

        enum CodingKeys: String, CodingKey {
            case allowPrivateAddresses = "allow_private_addresses"
        }

        /// Rules for endpoints.
        package init(allowPrivateAddresses: Bool) {
            self.allowPrivateAddresses = allowPrivateAddresses
        }

        /// Where events may be sent.
        var endpoints: EndpointRule { EndpointRule(allowsPrivateAddresses: allowPrivateAddresses) }
    }

    /// Whether money is real.
    package var environment: Environment
    /// The folder with `assets.yaml`, `chart-of-accounts.yaml` and `rail-policy.yaml`.
    package var catalogues: String
    /// The database.
    package var database: Database
    /// Where the gateway listens.
    package var http: HTTP
    /// The signing keys.
    package var keystore: Keystore
    /// The bots.
    package var bots: [Bot]
    /// The wallets on TON.
    package var ton: [TON]
    /// The wallets on EVM chains; nil when there are none.
    package var evm: [EVM]?
    /// How much wallets may hold; nil lets them hold as much as comes.
    package var coldStorage: [ColdStorage]?
    /// Limits of the fees of payouts and refunds; nil sets the default limits.
    package var payouts: Payouts?
    /// Payments by customers' own TON wallets; nil when wallets are not asked.
    package var tonConnect: WalletConnection?
    /// Mini Apps of bots whose tokens the gateway does not have; nil when there are none.
    package var miniApps: MiniApps?
    /// The rates that the operator sets.
    package var rates: [FixedRate]
    /// The value of a Star; nil when invoices in money are not paid in Stars, or a rate prices Stars.
    package var stars: Stars?
    /// The sources of rates for other assets.
    package var rateFeeds: [RateFeed]?
    /// When rates of these sources are used.
    package var rateRules: RateRules?
    /// Milliseconds between two rounds that ask the sources.
    package var ratesInterval: Int?
    /// The address of Telegram's table of currencies; nil reads it at Telegram where money is real, and nowhere
    /// otherwise.
    package var currenciesURL: String?
    /// How events reach merchants.
    package var webhooks: Webhooks
    /// Milliseconds between two passes of the reconciliation worker.
    package var reconciliationInterval: Int
    /// Milliseconds between two rounds that gather deposits from the addresses of invoices; a minute when nil.
    package var gatheringInterval: Int?
    /// How many pushed messages of a bot are dealt with at once; 16 when it is left out.
    package var messagesAtOnce: Int?

    enum CodingKeys: String, CodingKey {
        case environment
        case catalogues
        case database
        case http
        case keystore
        case bots
        case ton
        case evm
        case coldStorage = "cold_storage"
        case payouts
        case tonConnect = "ton_connect"
        case miniApps = "mini_apps"
        case rates
        case stars
        case rateFeeds = "rate_feeds"
        case rateRules = "rate_rules"
        case ratesInterval = "rates_interval_ms"
        case currenciesURL = "currencies_url"
        case webhooks
        case reconciliationInterval = "reconciliation_interval_ms"
        case gatheringInterval = "gathering_interval_ms"
        case messagesAtOnce = "messages_at_once"
    }

    /// The address of Telegram's table of currencies, for comparison with the stored table.
    package var currenciesAddress: String? { currenciesURL ?? (environment == .live ? CurrencyTable.source : nil) }

    /// A configuration.
    package init(
        environment: Environment,
        catalogues: String,
        database: Database,
        http: HTTP,
        keystore: Keystore,
        bots: [Bot],
        ton: [TON],
        evm: [EVM]? = nil,
        rates: [FixedRate],
        webhooks: Webhooks,
        reconciliationInterval: Int
    ) {
        self.environment = environment
        self.catalogues = catalogues
        self.database = database
        self.http = http
        self.keystore = keystore
        self.bots = bots
        self.ton = ton
        self.evm = evm
        self.rates = rates
        self.webhooks = webhooks
        self.reconciliationInterval = reconciliationInterval
    }
}
