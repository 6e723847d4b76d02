public import Cryptography

/// The number of a bot, with which each of its tokens begins (Bot API, "Authorizing your bot"): what the bot is, while
/// tokens come and go.
public struct BotNumber: Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let value: Int64

    /// The number in a token; nil when the bytes are no bot's token.
    ///
    /// The number has one form only, without a sign or zeros before it, so that a bot has no second name.
    public init?(token: SecretBytes) {
        let digits = token.withUnsafeBytes { bytes -> [UInt8]? in
            guard let end = bytes.prefix(20).firstIndex(of: UInt8(ascii: ":")) else { return nil }
            return Array(bytes[..<end])
        }
        guard let digits, let first = digits.first, first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = Int64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.value = value
    }

    /// The number in digits.
    public var description: String { "\(value)" }
}
