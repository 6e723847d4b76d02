import Providers

/// Why a node refuses the bytes of a message from outside, whatever the state of the account: it never takes them.
///
/// The words are those of the reference node, before it looks at the account (`validator/impl/external-message.cpp`).
enum MessageRefusal: Hashable, Sendable {
    case tooLarge
    case tooDeep
    case malformed

    private static let words: [(text: String, refusal: Self)] = [
        ("external message too large", .tooLarge), ("external message is too deep", .tooDeep),
        ("external message must have zero level", .malformed),
        ("external message is not a valid bag of cells", .malformed),
        ("external message must begin with ext_in_msg_info", .malformed),
        ("external message is not a (Message Any)", .malformed),
        ("cannot unpack external message header", .malformed),
    ]

    /// The refusal that a node's error is; nil when it says something else, for example about the account.
    init?(_ error: ProviderError) {
        guard let found = Self.words.first(where: { error.reason.contains($0.text) }) else { return nil }
        self = found.refusal
    }

    /// The refusal of a message with so many bytes, in our own words.
    func sentence(of bytes: Int) -> String {
        switch self {
        case .tooLarge: "its signed request of \(bytes) bytes is larger than the network takes"
        case .tooDeep: "its signed request is deeper than the network takes"
        case .malformed: "its signed request is no message that the network takes"
        }
    }
}
