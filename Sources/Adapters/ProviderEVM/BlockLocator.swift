import EVM
import Providers

/// The scan cursor in a chain of blocks: the last block, and ever fewer before it, like the block locator of Bitcoin
/// nodes.
///
/// With it a scan recovers from a reorganisation of any depth.
struct BlockLocator: Hashable, Sendable {
    /// A block by its height and hash.
    struct Place: Hashable, Sendable {
        let number: UInt64
        let hash: EVMHash
    }

    /// The blocks, the latest first; never empty.
    private(set) var places: [Place]

    var last: Place { places[0] }

    init(_ place: Place) {
        places = [place]
    }

    /// Reads the form written by ``text``.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    init(stored: String) throws(ProviderError) {
        var places: [Place] = []
        for part in stored.split(separator: " ") {
            let sides = part.split(separator: ":")
            guard sides.count == 2, let number = UInt64(sides[0]), let hash = try? EVMHash("0x\(sides[1])") else {
                throw ProviderError(.malformed, "the scan cursor cannot be read: \(part.prefix(80))")
            }
            places.append(Place(number: number, hash: hash))
        }
        guard !places.isEmpty else { throw ProviderError(.malformed, "the scan cursor is empty") }
        self.places = places
    }

    /// Number and hash of each block, for the database.
    var text: String { places.map { "\($0.number):\($0.hash.description.dropFirst(2))" }.joined(separator: " ") }

    /// The locator after more blocks, the oldest of them first.
    ///
    /// The last ten are all kept. Of the older ones, the oldest in each distance that is twice the one before is kept,
    /// so that it ages into the next. The locator stays short however long the chain is.
    func advanced(by blocks: [Place]) -> Self {
        var next = self
        let all = blocks.reversed() + places
        guard let head = all.first?.number else { return self }
        var kept: [Place] = []
        var taken: Set<Int> = []
        for (index, place) in all.enumerated().reversed() {
            let distance = Int(clamping: head - place.number)
            let bucket = distance < 10 ? distance : 10 + (Int.bitWidth - (distance / 10).leadingZeroBitCount)
            if taken.insert(bucket).inserted || index == all.count - 1 { kept.append(place) }
        }
        next.places = kept.reversed()
        return next
    }

    /// The locator of a scan that stands at an earlier block.
    func cut(to place: Place) -> Self {
        var next = self
        next.places = [place] + places.filter { $0.number < place.number }
        return next
    }
}
