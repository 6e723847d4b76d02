import StrictJSON
import TONConnect

extension GatewayConfiguration {
    /// Payments that customers confirm in their own TON wallets (TON Connect).
    package struct WalletConnection: Codable, Sendable {
        /// The gateway's name in wallets.
        package var name: String
        /// The path of the list of wallets, in the format in which wallets publish it (`wallets-v2.json`).
        package var wallets: String

        /// The wallets that customers may choose from.
        ///
        /// - Throws: ``ConfigurationError`` when the list cannot be read, or a live gateway's list has a bridge without
        ///   https.
        func list(isLive: Bool) throws(ConfigurationError) -> [WalletEntry] {
            let text = try ConfigurationFile.text(at: wallets)
            let entries: [WalletEntry]
            do { entries = try WalletEntry.list(JSONValue(parsing: Array(text.utf8))) } catch {
                throw ConfigurationError("\(wallets): \(error)")
            }
            let urls = entries.flatMap { [$0.bridge, $0.universalURL] }
            guard !isLive || urls.allSatisfy({ $0.hasPrefix("https://") }) else {
                throw ConfigurationError("\(wallets): a live gateway talks to bridges of wallets over https only")
            }
            return entries
        }
    }
}
