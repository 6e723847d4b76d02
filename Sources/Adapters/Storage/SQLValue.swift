import BigInt
package import Money
package import Seams

/// A value that goes into a statement or comes out of a query.
public enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    static func text(_ text: String?) -> Self { text.map(Self.text) ?? .null }
    static func integer(_ value: Int64?) -> Self { value.map(Self.integer) ?? .null }
    static func blob(_ bytes: [UInt8]?) -> Self { bytes.map(Self.blob) ?? .null }
    static func moment(_ moment: Timestamp?) -> Self { .integer(moment?.microseconds) }
    static func id<Kind>(_ id: Identifier<Kind>) -> Self { .text(id.text) }
    static func id<Kind>(_ id: Identifier<Kind>?) -> Self { .text(id?.text) }
    static func units(_ amount: Amount?) -> Self { .text(amount?.units.description) }
    static func asset(_ amount: Amount?) -> Self { .text(amount?.asset.text) }
}

/// A row, read column by column from the left.
public struct SQLRow: Sendable {
    package let values: [SQLValue]
    private var position = 0

    /// A row with the values of its columns.
    public init(_ values: [SQLValue]) {
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

    package mutating func id<Kind>(_ kind: Kind.Type = Kind.self) throws(StorageError) -> Identifier<Kind> {
        try known(optionalID())
    }

    package mutating func optionalID<Kind>(_ kind: Kind.Type = Kind.self) throws(StorageError) -> Identifier<Kind>? {
        guard let text = try optionalText() else { return nil }
        do { return try Identifier(text) } catch { throw .corrupt("column \(position) holds no \(Kind.prefix)_…") }
    }

    /// An amount in two columns: the asset and the units.
    package mutating func amount() throws(StorageError) -> Amount { try known(optionalAmount()) }

    /// An amount in two columns, or none when they are empty.
    package mutating func optionalAmount() throws(StorageError) -> Amount? {
        let asset = try optionalText()
        let units = try optionalText()
        guard let asset, let units else { return nil }
        do { return Amount(asset: try AssetID(asset), units: try Int256(decimal: units.utf8)) } catch {
            throw .corrupt("columns \(position - 1) and \(position) hold no amount: \(error.reason)")
        }
    }

    /// A sum in two columns, of any size: the asset and the units.
    package mutating func sum() throws(StorageError) -> AmountSum {
        let (asset, text) = (try text(), try text())
        guard let asset = try? AssetID(asset), let units = BigInt(text) else {
            throw .corrupt("columns \(position - 1) and \(position) hold no sum")
        }
        return AmountSum(of: asset, units: units)
    }

    /// A word that an enumeration knows.
    package mutating func word<Word: RawRepresentable<String>>(
        _ type: Word.Type = Word.self
    ) throws(StorageError) -> Word {
        let text = try text()
        guard let word = Word(rawValue: text) else { throw .corrupt("column \(position) holds the unknown '\(text)'") }
        return word
    }

    private func known<Value>(_ value: Value?) throws(StorageError) -> Value {
        guard let value else { throw .corrupt("column \(position) is empty") }
        return value
    }
}
