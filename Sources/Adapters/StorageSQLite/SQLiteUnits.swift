import BigInt
import GRDB
import Money

/// SQL functions for amounts, which SQLite stores as bytes that order as the numbers do.
///
/// `units_text(units)` is the decimal text, and `sum_units(units)` the exact sum as decimal text, of any size; NULL for no
/// rows. Bytes that are no amount fail the statement.
enum SQLiteUnits {
    private struct NoAmount: Error, CustomStringConvertible {
        let description = "the bytes are no amount in smallest units"
    }

    private static func units(_ value: DatabaseValue) throws -> Int256? {
        guard !value.isNull else { return nil }
        guard case .blob(let data) = value.storage, let units = Int256(orderedBytes: Array(data)) else {
            throw NoAmount()
        }
        return units
    }

    private struct Sum: DatabaseAggregate {
        private var sum: BigInt?

        init() {}

        mutating func step(_ dbValues: [DatabaseValue]) throws {
            guard let units = try dbValues.first.flatMap(SQLiteUnits.units) else { return }
            sum = (sum ?? 0) + BigInt(units)
        }

        func finalize() -> (any DatabaseValueConvertible)? { sum.map { String($0) } }
    }

    private static let text = DatabaseFunction("units_text", argumentCount: 1, pure: true) { values in
        try values.first.flatMap(units)?.description
    }

    private static let sum = DatabaseFunction("sum_units", argumentCount: 1, pure: true, aggregate: Sum.self)

    /// Registers the functions in a connection.
    static func register(in database: Database) {
        database.add(function: text)
        database.add(function: sum)
    }
}
