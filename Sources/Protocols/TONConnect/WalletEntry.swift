package import StrictJSON

/// A wallet that a customer may have: an entry of the list that wallets publish (TON Connect, `wallets-v2.json`).
package struct WalletEntry: Hashable, Sendable {
    /// The wallet's own short name, for example `tonkeeper`.
    package let appName: String
    /// Its name for customers.
    package let name: String
    /// The beginning of its links.
    package let universalURL: String
    /// Its bridge, without a slash at the end.
    package let bridge: String

    /// A wallet.
    package init(appName: String, name: String, universalURL: String, bridge: String) {
        self.appName = appName
        self.name = name
        self.universalURL = universalURL
        self.bridge = bridge
    }

    /// Reads a list; wallets without an HTTP bridge, for example browser extensions, are left out.
    ///
    /// - Throws: ``TONConnectError`` with the code `malformed` when it is not a list, or an entry is incomplete.
    /// - Returns: the wallets in the list's order.
    package static func list(_ json: JSONValue) throws(TONConnectError) -> [WalletEntry] {
        guard let entries = json.arrayValue else { throw TONConnectError(.malformed, "the list of wallets is no list") }
        var wallets: [WalletEntry] = []
        for entry in entries {
            let bridges = entry["bridge"]?.arrayValue ?? []
            let bridge = bridges.first { $0["type"]?.stringValue == "sse" }?["url"]?.stringValue
            guard let bridge, let universal = entry["universal_url"]?.stringValue else { continue }
            guard let appName = entry["app_name"]?.stringValue, let name = entry["name"]?.stringValue, isWeb(bridge),
                isWeb(universal), !wallets.contains(where: { $0.appName == appName })
            else {
                throw TONConnectError(
                    .malformed,
                    "an entry of the list of wallets needs 'app_name' of its own, 'name', and addresses of the web"
                )
            }
            wallets.append(
                WalletEntry(
                    appName: appName,
                    name: name,
                    universalURL: universal,
                    bridge: bridge.hasSuffix("/") ? String(bridge.dropLast()) : bridge
                )
            )
        }
        return wallets
    }

    private static func isWeb(_ url: String) -> Bool { url.hasPrefix("https://") || url.hasPrefix("http://") }
}
