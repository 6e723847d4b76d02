import Foundation
import Payments

extension GatewayConfiguration {
    /// Reads the configuration in a file; the environment overrides it.
    ///
    /// `SETTLEGATE_DATABASE_PATH`, `SETTLEGATE_HTTP_HOST`, `SETTLEGATE_HTTP_PORT` and
    /// `SETTLEGATE_HTTP_REQUESTS_PER_MINUTE` override the file. Paths in the file are relative to its folder.
    ///
    /// - Throws: ``ConfigurationError`` with the place and what to do.
    package init(file: String, environment: [String: String]) throws(ConfigurationError) {
        self = try ConfigurationFile.decode(Self.self, at: file)
        let folder = (file as NSString).deletingLastPathComponent
        catalogues = Self.resolve(catalogues, in: folder)
        database.path = environment["SETTLEGATE_DATABASE_PATH"] ?? database.path.map { Self.resolve($0, in: folder) }
        keystore.path = Self.resolve(keystore.path, in: folder)
        rateFeeds = rateFeeds?.map { feed in
            var resolved = feed
            resolved.file = feed.file.map { Self.resolve($0, in: folder) }
            return resolved
        }
        http.requestLog = http.requestLog.map { Self.resolve($0, in: folder) }
        if let connection = tonConnect { tonConnect?.wallets = Self.resolve(connection.wallets, in: folder) }
        if let host = environment["SETTLEGATE_HTTP_HOST"] { http.host = host }
        if let text = environment["SETTLEGATE_HTTP_PORT"] {
            guard let port = Int(text) else { throw ConfigurationError("SETTLEGATE_HTTP_PORT has to be a number") }
            http.port = port
        }
        if let text = environment["SETTLEGATE_HTTP_REQUESTS_PER_MINUTE"] {
            guard let count = Int(text) else {
                throw ConfigurationError("SETTLEGATE_HTTP_REQUESTS_PER_MINUTE has to be a number")
            }
            http.requestsPerMinute = count
        }
        try validate()
    }

    /// Refuses a configuration with which no gateway may start.
    ///
    /// - Throws: ``ConfigurationError``.
    package func validate() throws(ConfigurationError) {
        guard (0...65_535).contains(http.port) else { throw ConfigurationError("http.port lies between 0 and 65535") }
        guard (1...100_000_000).contains(http.requestsPerMinute ?? 6_000) else {
            throw ConfigurationError("http.requests_per_minute lies between 1 and 100000000")
        }
        guard (10...60_000).contains(reconciliationInterval) else {
            throw ConfigurationError("reconciliation_interval_ms lies between 10 and 60000")
        }
        guard (1_000...86_400_000).contains(gatheringInterval ?? 60_000) else {
            throw ConfigurationError("gathering_interval_ms lies between 1000 and 86400000")
        }
        guard (1...1_000).contains(messagesAtOnce ?? 16) else {
            throw ConfigurationError("messages_at_once lies between 1 and 1000")
        }
        let chains = evm ?? []
        guard (1_000...3_600_000).contains(ratesInterval ?? 30_000) else {
            throw ConfigurationError("rates_interval_ms lies between 1000 and 3600000")
        }
        let keys = bots.map(\.key) + ton.map(\.key) + chains.map(\.key)
        guard Set(keys).count == keys.count else { throw ConfigurationError("two bots or wallets have the same key") }
        guard keys.allSatisfy(Self.isKey) else {
            throw ConfigurationError("keys of bots and wallets are lower-case letters, digits and hyphens")
        }
        for bot in bots {
            guard let chat = bot.ownerChat, !TelegramChat.isValid(chat) else { continue }
            throw ConfigurationError("bots.\(bot.key).owner_chat is a chat's number, or @ and a channel's name")
        }
        for bot in bots { try bot.checkShipping() }
        // Events on one account would be booked by each of its providers.
        let accounts =
            bots.map { "bot \($0.tokenEntry)" } + ton.map { "\($0.network) \($0.walletEntry) \($0.walletVersion)" }
            + chains.map { "chain \($0.chainID) \($0.walletEntry)" }
        guard Set(accounts).count == accounts.count else {
            throw ConfigurationError("two bots, or two wallets of one network, name the same keystore entry: keep one")
        }
        for wallet in ton where wallet.network != "mainnet" && wallet.network != "testnet" {
            throw ConfigurationError("ton.\(wallet.key).network is mainnet or testnet")
        }
        for wallet in ton where !(1...16).contains(wallet.streamingConnections ?? 1) {
            throw ConfigurationError("ton.\(wallet.key).streaming_connections lies between 1 and 16")
        }
        guard environment == .live else { return }
        guard !webhooks.allowPrivateAddresses else {
            throw ConfigurationError("webhooks.allow_private_addresses is for development; a live gateway refuses it")
        }
        guard ton.allSatisfy({ $0.network == "mainnet" }), bots.allSatisfy({ !$0.testEnvironment }),
            chains.allSatisfy({ !$0.testNetwork })
        else {
            throw ConfigurationError("a live gateway takes no test networks and no bots of the test environment")
        }
        let nodes = chains.flatMap(\.nodes).filter { !$0.hasPrefix(Self.keystorePrefix) }
        let urls = bots.map(\.apiURL) + ton.map(\.toncenterURL) + ton.compactMap(\.streamingURL) + nodes
        guard urls.allSatisfy({ $0.hasPrefix("https://") }) else {
            throw ConfigurationError("a live gateway talks to Telegram and chains over https only")
        }
    }

    /// The prefix of a keystore entry's name in the place of a secret URL.
    static let keystorePrefix = "keystore:"

    private static func isKey(_ key: String) -> Bool {
        (1...64).contains(key.utf8.count)
            && key.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }

    private static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : ((folder.isEmpty ? "." : folder) as NSString).appendingPathComponent(path)
    }
}
