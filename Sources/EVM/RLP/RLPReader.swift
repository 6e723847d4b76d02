/// Strict decoding: only what ``RLPItem/encoded`` writes is read, so that every value has one encoding and every hash one
/// meaning.
///
/// Lists are read without recursion, and their depth has a limit.
extension RLPItem {
    /// The most bytes that are decoded.
    public static let maximumBytes = 4 << 20
    /// The deepest nesting of lists.
    public static let maximumDepth = 1_024
    /// The most items in all.
    public static let maximumItems = 1 << 18

    /// Decodes one item that fills the bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedRLP`` or ``EVMError/Code/tooLarge``.
    public init(decoding bytes: [UInt8]) throws(EVMError) {
        guard bytes.count <= Self.maximumBytes else {
            throw EVMError(.tooLarge, "RLP of more than \(Self.maximumBytes) bytes")
        }
        var reader = RLPReader(bytes)
        self = try reader.read()
    }
}

/// Reads one item.
private struct RLPReader {
    /// A list that is being read.
    private struct Open {
        let end: Int
        var items: [RLPItem] = []
    }

    private let bytes: [UInt8]
    private var position = 0
    private var open: [Open] = []
    private var count = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read() throws(EVMError) -> RLPItem {
        while true {
            var item = try next()
            // An item that ends its list ends it, and perhaps the lists around it.
            while true {
                guard let finished = item else { break }
                guard !open.isEmpty else {
                    guard position == bytes.count else { throw Self.malformed("something follows the item") }
                    return finished
                }
                open[open.count - 1].items.append(finished)
                item = closedList()
            }
        }
    }

    /// Reads an item, or begins a list.
    private mutating func next() throws(EVMError) -> RLPItem? {
        count += 1
        guard count <= RLPItem.maximumItems else {
            throw EVMError(.tooLarge, "RLP of more than \(RLPItem.maximumItems) items")
        }
        let limit = open.last?.end ?? bytes.count
        guard position < limit else { throw Self.malformed("the input ends where an item should begin") }
        let head = bytes[position]
        position += 1
        switch head {
        case 0..<0x80: return .bytes([head])
        case 0x80...0xBF:
            let content = try content(head - 0x80, limit)
            guard content.count != 1 || bytes[content.lowerBound] >= 0x80 else {
                throw Self.malformed("a byte below 80 stands for itself")
            }
            position = content.upperBound
            return .bytes(Array(bytes[content]))
        default:
            let content = try content(head - 0xC0, limit)
            guard open.count < RLPItem.maximumDepth else {
                throw EVMError(.tooLarge, "lists are nested more than \(RLPItem.maximumDepth) deep")
            }
            open.append(Open(end: content.upperBound))
            return closedList()
        }
    }

    /// The innermost list, if it has ended.
    private mutating func closedList() -> RLPItem? {
        guard let last = open.last, position == last.end else { return nil }
        open.removeLast()
        return .list(last.items)
    }

    /// Where the content of an item lies whose head says `code`.
    private mutating func content(_ code: UInt8, _ limit: Int) throws(EVMError) -> Range<Int> {
        var length = Int(code)
        if code > 55 {
            let digits = Int(code) - 55
            guard limit - position >= digits else { throw Self.malformed("the input ends within a length") }
            guard bytes[position] != 0 else { throw Self.malformed("a length has no leading zeros") }
            // More digits than this would be longer than any input.
            guard digits <= 4 else { throw Self.malformed("an item is longer than the input") }
            length = bytes[position..<position + digits].reduce(0) { $0 << 8 | Int($1) }
            guard length > 55 else { throw Self.malformed("a length below 56 stands in the head") }
            position += digits
        }
        guard limit - position >= length else { throw Self.malformed("an item is longer than what it stands in") }
        return position..<position + length
    }

    private static func malformed(_ reason: String) -> EVMError { EVMError(.malformedRLP, reason) }
}
