import Storage

/// A statement as the server prepares it: with the types of its arguments.
///
/// Without a type the server infers one from the context: `$1 < 0` would make it an integer of 32 bits, and a moment or
/// a wallet's number is larger.
struct Preparation: Hashable, Sendable {
    /// The types' numbers in `pg_type`; 0 leaves one to the server.
    private enum TypeNumber {
        static let unknown: UInt32 = 0
        static let int8: UInt32 = 20
    }

    let sql: String
    /// The type of each argument.
    let types: [UInt32]

    init(_ sql: String, _ arguments: [SQLValue]) {
        self.sql = sql
        types = arguments.map { if case .integer = $0 { TypeNumber.int8 } else { TypeNumber.unknown } }
    }
}
