package import Cryptography

/// The number of a bot, with which each of its tokens begins (Bot API, "Authorizing your bot").
///
/// It identifies the bot, while its tokens may change.
package struct BotNumber: Hashable, Sendable, CustomStringConvertible {
    /// The number.
    package let value: Int64

    /// The number in a token; nil when the bytes are not a bot's token.
    ///
    /// The number has only one form, without a sign or leading zeros, so that a bot has no second name. The rest of the
    /// token is in the path of every request, and has no character that could change the path.
    package init?(token: SecretBytes) {
        let digits = token.withUnsafeBytes { bytes -> [UInt8]? in
            guard let end = bytes.prefix(20).firstIndex(of: UInt8(ascii: ":")), end + 1 < bytes.count,
                bytes[(end + 1)...].allSatisfy(Self.isOfSecret)
            else { return nil }
            return Array(bytes[..<end])
        }
        guard let digits, let first = digits.first, first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.value = value
    }

    private static func isOfSecret(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The number in digits.
    package var description: String { "\(value)" }
}
