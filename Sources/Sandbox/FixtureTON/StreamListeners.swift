import TON

/// Those who listen to a node's stream of news.
struct StreamListeners: Sendable {
    /// Which news a listener wants.
    struct Wish: Sendable {
        /// Whether the news can still be undone.
        enum Finality: Int, Sendable {
            case pending
            case confirmed
            case finalized

            init?(_ word: String) {
                switch word {
                case "pending": self = .pending
                case "confirmed": self = .confirmed
                case "finalized": self = .finalized
                default: return nil
                }
            }

            var word: String { "\(self)" }
        }

        /// The types of events.
        let types: Set<String>
        /// The accounts.
        let addresses: Set<TONAddress>
        /// The least finality.
        let finality: Finality

        func wants(_ type: String, of address: TONAddress, at finality: Finality) -> Bool {
            types.contains(type) && addresses.contains(address) && finality.rawValue >= self.finality.rawValue
        }
    }

    /// A listener and its stream.
    struct Listener: Sendable {
        let wish: Wish
        let events: AsyncStream<[UInt8]>.Continuation
    }

    var all: [Int: Listener] = [:]
    /// How many there have been.
    var count = 0

    mutating func add(_ listener: Listener) -> Int {
        count += 1
        all[count] = listener
        return count
    }
}

/// How the stream of a hostile node goes on.
package enum StreamHostility: String, Hashable, Sendable, CaseIterable {
    /// One line without an end.
    case endlessLine = "endless_line"
    /// Lines without an empty line, so that no event ever ends.
    case endlessEvent = "endless_event"
    /// Empty lines.
    case emptyLines = "empty_lines"
    /// Events that cannot be read.
    case garbage
    /// News of every account that is listened to, without an end.
    case flood
}
