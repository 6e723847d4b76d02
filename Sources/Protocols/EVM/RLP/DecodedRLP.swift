package import BigInt

/// An RLP item in the decoded bytes (Ethereum Yellow Paper, appendix B).
///
/// Decoding is strict: only the form that ``RLPItem/encoded`` writes is accepted, so that every value has one encoding,
/// and every hash one meaning.
///
/// All items of an input share its bytes and one table of places; only requested values are copied.
package struct DecodedRLP: Sendable {
    /// The most bytes that are decoded.
    package static let maximumBytes = 4 << 20
    /// The deepest nesting of lists.
    package static let maximumDepth = 1_024
    /// The most items in all.
    package static let maximumItems = 1 << 18

    private let bytes: [UInt8]
    private let places: [RLPPlace]
    private let index: Int

    /// Decodes one item that fills the bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedRLP`` or ``EVMError/Code/tooLarge``.
    package init(_ bytes: [UInt8]) throws(EVMError) {
        guard bytes.count <= Self.maximumBytes else {
            throw EVMError(.tooLarge, "RLP of more than \(Self.maximumBytes) bytes")
        }
        self.init(bytes, try RLPReader.places(in: bytes), 0)
    }

    private init(_ bytes: [UInt8], _ places: [RLPPlace], _ index: Int) {
        self.bytes = bytes
        self.places = places
        self.index = index
    }

    /// Whether it is a list.
    package var isList: Bool { places[index].isList }

    /// The bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when it is a list.
    package func bytes(_ name: String) throws(EVMError) -> [UInt8] {
        Array(try content(name))
    }

    /// Exactly `count` bytes.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package func bytes(_ name: String, count: Int) throws(EVMError) -> [UInt8] {
        let bytes = try content(name)
        guard bytes.count == count else { throw EVMError(.malformedStructure, "'\(name)' has \(count) bytes") }
        return Array(bytes)
    }

    /// The items of a list.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when it is no list.
    package func list(_ name: String) throws(EVMError) -> [DecodedRLP] {
        guard isList else { throw EVMError(.malformedStructure, "'\(name)' is not a list") }
        return children
    }

    /// An unsigned integer of at most 256 bits, without leading zeros.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package func integer(_ name: String) throws(EVMError) -> BigUInt {
        let bytes = try content(name)
        guard bytes.count <= 32, bytes.first != 0 else {
            throw EVMError(.malformedStructure, "'\(name)' is an integer of at most 256 bits without leading zeros")
        }
        return BigUInt(bytes: bytes)
    }

    /// An unsigned integer of at most 64 bits, without leading zeros.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package func uint64(_ name: String) throws(EVMError) -> UInt64 {
        let bytes = try content(name)
        guard bytes.count <= 8, bytes.first != 0 else {
            throw EVMError(.malformedStructure, "'\(name)' is an integer of at most 64 bits without leading zeros")
        }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A copy of the item with its content.
    package var item: RLPItem {
        isList ? .list(children.map(\.item)) : .bytes(Array(bytes[places[index].content]))
    }

    private func content(_ name: String) throws(EVMError) -> ArraySlice<UInt8> {
        guard !isList else { throw EVMError(.malformedStructure, "'\(name)' is a list") }
        return bytes[places[index].content]
    }

    private var children: [DecodedRLP] {
        var children: [DecodedRLP] = []
        var child = index + 1
        while child < places[index].next {
            children.append(DecodedRLP(bytes, places, child))
            child = places[child].next
        }
        return children
    }
}
