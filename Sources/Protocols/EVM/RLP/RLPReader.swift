/// The place of an item.
struct RLPPlace: Sendable {
    let start: UInt32
    let count: UInt32
    let isList: Bool
    /// The number of the first item after it and its content.
    fileprivate(set) var after: UInt32

    /// The bytes of the item without its head.
    var content: Range<Int> { Int(start)..<Int(start) + Int(count) }
    var next: Int { Int(after) }
}

/// Finds the items of an input without recursion, each before the items in it.
struct RLPReader {
    /// A list that is being read.
    private struct Open {
        let index: Int
        let end: Int
    }

    private let bytes: [UInt8]
    private var position = 0
    private var places: [RLPPlace] = []
    private var open: [Open] = []

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        places.reserveCapacity(16)
    }

    /// The places of the single item that fills the bytes, and of the items in it.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedRLP`` or ``EVMError/Code/tooLarge``.
    static func places(in bytes: [UInt8]) throws(EVMError) -> [RLPPlace] {
        var reader = Self(bytes)
        // An item can end its list, and perhaps the lists around it. The item that ends the outermost list is the last
        // one.
        repeat { try reader.readItem(within: reader.open.last?.end ?? bytes.count) } while !reader.open.isEmpty
        guard reader.position == bytes.count else { throw malformed("something follows the item") }
        return reader.places
    }

    /// Reads an item, or begins a list.
    private mutating func readItem(within limit: Int) throws(EVMError) {
        let index = places.count
        guard index < DecodedRLP.maximumItems else {
            throw EVMError(.tooLarge, "RLP of more than \(DecodedRLP.maximumItems) items")
        }
        guard position < limit else { throw Self.malformed("the input ends where an item should begin") }
        let head = bytes[position]
        guard head >= 0x80 else {
            append(start: position, count: 1, isList: false)
            position += 1
            return closeLists()
        }
        position += 1
        let isList = head >= 0xC0
        let count = try contentLength(head - (isList ? 0xC0 : 0x80), limit)
        append(start: position, count: count, isList: isList)
        if isList {
            guard open.count < DecodedRLP.maximumDepth else {
                throw EVMError(.tooLarge, "lists are nested more than \(DecodedRLP.maximumDepth) deep")
            }
            open.append(Open(index: index, end: position + count))
        } else {
            guard count != 1 || bytes[position] >= 0x80 else {
                throw Self.malformed("a single byte below 0x80 has no head")
            }
            position += count
        }
        closeLists()
    }

    private mutating func append(start: Int, count: Int, isList: Bool) {
        let after = UInt32(places.count + 1)
        places.append(RLPPlace(start: UInt32(start), count: UInt32(count), isList: isList, after: after))
    }

    /// Ends the lists that end here.
    private mutating func closeLists() {
        while let last = open.last, position == last.end {
            places[last.index].after = UInt32(places.count)
            open.removeLast()
        }
    }

    /// The length of the content of an item with the head `code`; afterwards, the position is at the content.
    private mutating func contentLength(_ code: UInt8, _ limit: Int) throws(EVMError) -> Int {
        var length = Int(code)
        if code > 55 {
            let digits = Int(code) - 55
            guard limit - position >= digits else { throw Self.malformed("the input ends within a length") }
            guard bytes[position] != 0 else { throw Self.malformed("a length has no leading zeros") }
            // A length with more digits would exceed any input.
            guard digits <= 4 else { throw Self.malformed("an item is longer than the input") }
            length = bytes[position..<position + digits].reduce(0) { $0 << 8 | Int($1) }
            guard length > 55 else { throw Self.malformed("a length below 56 has to be in the head") }
            position += digits
        }
        guard limit - position >= length else { throw Self.malformed("an item is longer than its list") }
        return length
    }

    private static func malformed(_ reason: String) -> EVMError { EVMError(.malformedRLP, reason) }
}
