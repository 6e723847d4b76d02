import BigInt
import Ledger
package import Money
import Payments
package import Records
package import Seams

/// A value that goes into a statement or comes out of a query.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
    /// An amount in smallest units, which an engine stores so that it compares and sorts exactly.
    case units(Int256)

    static func text(_ text: String?) -> Self { text.map(Self.text) ?? .null }
    static func integer(_ value: Int64?) -> Self { value.map(Self.integer) ?? .null }
    static func blob(_ bytes: [UInt8]?) -> Self { bytes.map(Self.blob) ?? .null }
    static func moment(_ moment: Timestamp?) -> Self { .integer(moment?.microseconds) }
    static func flag(_ value: Bool) -> Self { .integer(value ? 1 : 0) }
    static func code(_ value: some StoredCode) -> Self { .integer(value.code) }
    static func id<Kind>(_ id: Identifier<Kind>) -> Self { .blob(id.bytes) }
    static func id<Kind>(_ id: Identifier<Kind>?) -> Self { .blob(id?.bytes) }
    /// An identifier by its text; nil when the text identifies nothing of the kind.
    static func identifier(_ text: String, of kind: any IdentifierKind.Type) -> Self? {
        func value<Kind: IdentifierKind>(_ kind: Kind.Type) -> Self? { (try? Identifier<Kind>(text)).map(Self.id) }
        return value(kind)
    }

    /// A refund or payout by its text; a text that identifies neither is equal to nothing that is stored.
    static func transfer(_ text: String?) -> Self {
        guard let text else { return .null }
        return identifier(text, of: RefundKind.self) ?? identifier(text, of: PayoutKind.self) ?? .blob([])
    }

    static func units(_ amount: Amount?) -> Self { amount.map { .units($0.units) } ?? .null }
    static func asset(_ amount: Amount?) -> Self { .text(amount?.asset.text) }
}

/// A row, read column by column from the left.
package struct SQLRow: Sendable {
    package let values: [SQLValue]
    private var position = 0

    /// A row with the values of its columns.
    package init(_ values: [SQLValue]) {
        self.values = values
    }

    /// The value of the first column.
    package var first: SQLValue? { values.first }

    private mutating func next() throws(StorageError) -> SQLValue {
        guard position < values.count else { throw .corrupt("a row has \(values.count) columns, and more are read") }
        defer { position += 1 }
        return values[position]
    }

    package mutating func skip() throws(StorageError) { _ = try next() }

    package mutating func optionalText() throws(StorageError) -> String? {
        switch try next() {
        case .null: return nil
        case .text(let text): return text
        default: throw .corrupt("column \(position) holds no text")
        }
    }

    package mutating func optionalInteger() throws(StorageError) -> Int64? {
        switch try next() {
        case .null: return nil
        case .integer(let value): return value
        default: throw .corrupt("column \(position) holds no integer")
        }
    }

    package mutating func optionalBlob() throws(StorageError) -> [UInt8]? {
        switch try next() {
        case .null: return nil
        case .blob(let bytes): return bytes
        default: throw .corrupt("column \(position) holds no bytes")
        }
    }

    package mutating func text() throws(StorageError) -> String { try known(optionalText()) }
    package mutating func integer() throws(StorageError) -> Int64 { try known(optionalInteger()) }
    package mutating func blob() throws(StorageError) -> [UInt8] { try known(optionalBlob()) }
    package mutating func int() throws(StorageError) -> Int { Int(clamping: try integer()) }
    package mutating func moment() throws(StorageError) -> Timestamp { Timestamp(microseconds: try integer()) }

    package mutating func optionalMoment() throws(StorageError) -> Timestamp? {
        try optionalInteger().map(Timestamp.init(microseconds:))
    }

    package mutating func flag() throws(StorageError) -> Bool { try integer() != 0 }

    package mutating func id<Kind>(_ kind: Kind.Type = Kind.self) throws(StorageError) -> Identifier<Kind> {
        try known(optionalID())
    }

    package mutating func optionalID<Kind>(_ kind: Kind.Type = Kind.self) throws(StorageError) -> Identifier<Kind>? {
        guard let bytes = try optionalBlob() else { return nil }
        guard let id = Identifier<Kind>(bytes: bytes) else {
            throw .corrupt("column \(position) holds no \(Kind.prefix)_…: it has \(bytes.count) bytes")
        }
        return id
    }

    /// An amount in two columns: the asset and the units.
    package mutating func amount() throws(StorageError) -> Amount { try known(optionalAmount()) }

    /// An amount in two columns, or nil when they are empty.
    package mutating func optionalAmount() throws(StorageError) -> Amount? {
        guard let asset = try optionalText() else {
            try skip()
            return nil
        }
        guard let units = try optionalUnits() else { return nil }
        do { return Amount(asset: try AssetID(asset), units: units) } catch {
            throw .corrupt("columns \(position - 1) and \(position) hold no amount: \(error.reason)")
        }
    }

    /// An amount in smallest units, as each engine gives it: ordered bytes, an integer, or decimal digits.
    package mutating func optionalUnits() throws(StorageError) -> Int256? {
        let units: Int256? =
            switch try next() {
            case .null: nil
            case .units(let units): units
            case .integer(let value): Int256(value)
            case .blob(let bytes): try known(Int256(orderedBytes: bytes))
            case .text(let digits): try known(try? Int256(decimal: digits.utf8))
            }
        return units
    }

    /// A sum in two columns, of any size: the asset and the units.
    package mutating func sum() throws(StorageError) -> AmountSum {
        let (asset, text) = (try text(), try text())
        guard let asset = try? AssetID(asset), let units = BigInt(text) else {
            throw .corrupt("columns \(position - 1) and \(position) hold no sum")
        }
        return AmountSum(of: asset, units: units)
    }

    /// A case of an enumeration, by its number.
    mutating func code<Code: StoredCode>(_ type: Code.Type = Code.self) throws(StorageError) -> Code {
        try known(optionalCode())
    }

    /// A case of an enumeration, or nil when the column is empty.
    mutating func optionalCode<Code: StoredCode>(_ type: Code.Type = Code.self) throws(StorageError) -> Code? {
        guard let number = try optionalInteger() else { return nil }
        guard let value = Code(code: number) else {
            throw .corrupt("column \(position) holds \(number), which is no \(Code.columns)")
        }
        return value
    }

    private func known<Value>(_ value: Value?) throws(StorageError) -> Value {
        guard let value else { throw .corrupt("column \(position) is empty") }
        return value
    }
}
