/// A chat in which a bot writes: its number, or `@` and a channel's name (Bot API, `chat_id`).
package enum TelegramChat {
    /// Whether a text names a chat.
    package static func isValid(_ text: String) -> Bool {
        if let number = Int64(text) { return number != 0 && "\(number)" == text }
        guard text.hasPrefix("@"), (2...64).contains(text.utf8.count) else { return false }
        return text.utf8.dropFirst().allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
