import Ledger
import Payments
import Records
import Seams

/// Conditions with their arguments, numbered as they are added.
struct Filter {
    private(set) var conditions: [String]
    private(set) var arguments: [SQLValue]
    /// How many of the conditions define the list; the others only filter it.
    ///
    /// A cursor's object has to be in the list, but may have left the filter.
    private var belonging = 1
    /// How many arguments those conditions have.
    private var belongingArguments = 1

    init(_ condition: String, _ argument: SQLValue) {
        conditions = [condition + "$1"]
        arguments = [argument]
    }

    mutating func and(_ condition: String, _ argument: SQLValue, _ end: String = "") {
        arguments.append(argument)
        conditions.append("\(condition)$\(arguments.count)\(end)")
    }

    /// Adds a condition without an argument.
    mutating func and(_ condition: String) { conditions.append(condition) }

    /// Adds a condition without an argument that defines the list: before those that filter it.
    mutating func belonging(_ condition: String) {
        and(condition)
        belonging = conditions.count
    }

    /// Adds a condition that defines the list: before those that filter it.
    mutating func belonging(_ condition: String, _ argument: SQLValue) {
        and(condition, argument)
        (belonging, belongingArguments) = (conditions.count, arguments.count)
    }

    /// The conditions that define the list.
    var whole: (conditions: [String], arguments: [SQLValue]) {
        (Array(conditions.prefix(belonging)), Array(arguments.prefix(belongingArguments)))
    }
}

extension SQLSession {
    /// The condition of a list of a merchant's objects, which all lie in its book.
    func owned(by merchant: MerchantID, in table: String) throws -> Filter {
        let book = try knownBook(of: merchant) ?? .operators
        var filter = Filter("\(table).book = ", .integer(book.number))
        filter.belonging("\(table).merchant = ", .id(merchant))
        return filter
    }

    /// A page of a list, the newest first: by identifier, or by the column `order`.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's object is not in the list, and what the database throws.
    func list<Value>(
        _ columns: String,
        from table: String,
        id: String,
        of kind: any IdentifierKind.Type,
        by order: String? = nil,
        _ filter: Filter,
        in page: Page,
        _ decode: (inout SQLRow) throws -> Value
    ) throws -> [Value] {
        var filter = filter
        let (conditions, arguments) = filter.whole
        let members = conditions.joined(separator: " AND ")
        for (cursor, isBefore) in [(page.after, false), (page.before, true)] {
            guard let cursor else { continue }
            guard let value = SQLValue.identifier(cursor, of: kind) else { throw UnknownCursor(isBefore: isBefore) }
            let sql = """
                SELECT 1 FROM \(table) WHERE \(members) AND \(id) = $\(arguments.count + 1)
                """
            guard try !query(sql, arguments + [value]).isEmpty else { throw UnknownCursor(isBefore: isBefore) }
            let comparison = isBefore ? ">" : "<"
            if let order {
                filter.and(
                    "\(order) \(comparison) (SELECT \(order) FROM \(table) WHERE \(members) AND \(id) = ",
                    value,
                    ")"
                )
            } else {
                filter.and("\(id) \(comparison) ", value)
            }
        }
        // Going back, the nearest objects are the oldest of the newer ones.
        let isGoingBack = page.before != nil && page.after == nil
        let sql = """
            SELECT \(columns) FROM \(table) WHERE \(filter.conditions.joined(separator: " AND "))
            ORDER BY \(order ?? id) \(isGoingBack ? "ASC" : "DESC") LIMIT $\(filter.arguments.count + 1)
            """
        let found = try all(sql, filter.arguments + [.integer(Int64(page.limit))], decode)
        return isGoingBack ? found.reversed() : found
    }
}
