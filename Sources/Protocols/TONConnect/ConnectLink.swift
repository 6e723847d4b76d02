import StrictJSON

/// The link by which a customer's wallet opens a session (TON Connect, universal links).
package enum ConnectLink {
    /// The version of the protocol.
    private static let version = "2"

    /// A link that asks a wallet for its address.
    ///
    /// - Parameters:
    ///   - wallet: the wallet.
    ///   - client: our name on its bridge.
    ///   - manifest: the URL of our manifest, which the wallet shows to the customer.
    /// - Returns: the link; for a wallet inside Telegram the request goes into the start parameter.
    package static func url(to wallet: WalletEntry, client: String, manifest: String) -> String {
        let request: JSONValue = ["manifestUrl": .string(manifest), "items": [["name": "ton_addr"]]]
        let fields = [("v", version), ("id", client), ("r", request.text), ("ret", "back")]
        let query = fields.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
        let base = wallet.universalURL
        guard base.hasPrefix("https://t.me/") || base.hasPrefix("tg://") else {
            return base + (base.contains("?") ? "&" : "?") + query
        }
        return base + (base.contains("?") ? "&" : "?") + "startattach=tonconnect-" + telegramEncoded(query)
    }

    /// Everything but letters, digits, `-`, `_` and `.` (RFC 3986).
    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return encoded
    }

    /// A start parameter may hold letters, digits, `_` and `-` only: the SDK's own escapes.
    private static func telegramEncoded(_ query: String) -> String {
        let escapes = [(".", "%2E"), ("-", "%2D"), ("_", "%5F"), ("&", "-"), ("=", "__"), ("%", "--")]
        return escapes.reduce(query) { $0.replacing($1.0, with: $1.1) }
    }
}
