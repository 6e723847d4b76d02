import Providers
import TON

/// A place in an account's history: a chain transaction, or logical time 0 for the place before the first one.
struct ChainPlace: Hashable, Sendable {
    let lt: UInt64
    let hash: CellHash

    init(lt: UInt64, hash: CellHash) {
        self.lt = lt
        self.hash = hash
    }

    init(_ step: AccountStep) {
        self.init(lt: step.head.lt, hash: step.hash)
    }

    /// The place before the first chain transaction of every account.
    static let beginning = Self(lt: 0, hash: .zero)

    /// Reads ``text``.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    init(stored text: String) throws(ProviderError) {
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count == 2, let lt = UInt64(words[0]), let address = try? TONAddress("0:\(words[1])") else {
            throw ProviderError(.malformed, "the place in a history cannot be read")
        }
        self.init(lt: lt, hash: address.hash)
    }

    /// Logical time and hash.
    var text: String { "\(lt):\(hash)" }
}

/// The scan cursor of an account: the last chain transaction that was read, and ever fewer of the older ones, down to where
/// the scan began.
///
/// By it a scan finds back from an invented history, as a Bitcoin node does by its block locator.
struct ScanLocator: Hashable, Sendable {
    /// A place of an account's history.
    struct Place: Hashable, Sendable {
        /// The beginning of every account's history: before its first chain transaction.
        static let beginning = Self(chain: .beginning, number: 0, time: 0)

        let chain: ChainPlace
        /// The count of chain transactions that the scan had read, this one included.
        let number: UInt64
        /// Its time by the block's clock, in seconds since 1970; 0 when it is not known.
        let time: UInt32

        var lt: UInt64 { chain.lt }
        var isBeginning: Bool { lt == 0 }
    }

    /// How many of the last places are all kept.
    private static let lastCount: UInt64 = 8
    /// How often the distance doubles after them; all places beyond share one, the oldest.
    private static let doublings: UInt64 = 14

    /// The places, the newest first; never empty.
    private(set) var places: [Place]
    /// Places that the scan has passed without recording them, because no second node has confirmed them yet.
    var waiting: [Place] = []

    /// The last chain transaction that was read.
    var newest: Place { places[0] }

    /// The cursor of a scan that has read nothing.
    static let beginning = Self(places: [.beginning])

    private init(places: [Place], waiting: [Place] = []) {
        self.places = places
        self.waiting = waiting
    }

    /// The word before a waiting place in the text.
    private static let waits = "waits"

    /// Reads ``text``, and also the older form with a single place.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    init(stored text: String) throws(ProviderError) {
        var places: [Place] = []
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            var words = part.split(separator: ":", omittingEmptySubsequences: false)
            let isWaiting = words[0] == Self.waits
            if isWaiting { words.removeFirst() }
            let place: Place? =
                switch words.count {
                case 2: Self.place(words[0], words[1], "0", "0")
                case 4: Self.place(words[0], words[1], words[2], words[3])
                default: nil
                }
            if isWaiting, let place {
                waiting.append(place)
                continue
            }
            // Going back relies on the order.
            guard let place, (places.last?.lt ?? .max) > place.lt || places.isEmpty else {
                throw ProviderError(.malformed, "the position of a scan cannot be read")
            }
            places.append(place)
        }
        guard !places.isEmpty else { throw ProviderError(.malformed, "the position of a scan names no place") }
        self.places = places
    }

    private static func place(
        _ lt: Substring,
        _ hash: Substring,
        _ number: Substring,
        _ time: Substring
    ) -> Place? {
        guard let lt = UInt64(lt), let address = try? TONAddress("0:\(hash)"), let number = UInt64(number),
            let time = UInt32(time)
        else { return nil }
        return Place(chain: ChainPlace(lt: lt, hash: address.hash), number: number, time: time)
    }

    /// Logical time, hash, number and time of each place, for the database.
    var text: String {
        func words(_ place: Place) -> String { "\(place.lt):\(place.chain.hash):\(place.number):\(place.time)" }
        return (places.map(words) + waiting.map { "\(Self.waits):\(words($0))" }).joined(separator: " ")
    }

    /// The locator after more chain transactions, the oldest of them first.
    ///
    /// Distances double; in each the oldest place is kept, which ages into the next one. So the locator stays short however
    /// long the history is.
    func advanced(over steps: some Sequence<AccountStep>) -> Self {
        var all: [Place] = places.reversed()
        var number = newest.number
        for step in steps {
            number &+= 1
            all.append(Place(chain: ChainPlace(step), number: number, time: step.head.now))
        }
        var taken: Set<UInt64> = []
        let kept = all.filter { taken.insert(Self.distance(number - min(number, $0.number))).inserted }
        return Self(places: kept.reversed(), waiting: waiting)
    }

    /// The class of a distance: each near place has its own, and farther ones share one for each doubling.
    private static func distance(_ count: UInt64) -> UInt64 {
        guard count >= lastCount else { return count }
        let doubled = UInt64(UInt64.bitWidth - (count / lastCount).leadingZeroBitCount - 1)
        return lastCount + min(doubled, doublings)
    }

    /// The locator of a scan that goes back to one of its places.
    func cut(to place: Place) -> Self {
        Self(places: [place] + places.filter { $0.lt < place.lt }, waiting: waiting.filter { $0.lt <= place.lt })
    }
}
