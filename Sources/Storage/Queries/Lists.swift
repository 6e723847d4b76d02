/// A piece of a list that is ordered by identifier, the newest first.
public struct Page: Hashable, Sendable {
    /// Only what is older than this identifier.
    public var after: String?
    /// Only what is newer than this identifier; the piece then ends right before it.
    public var before: String?
    /// The most objects of the piece.
    public var limit: Int

    /// A piece of a list.
    public init(after: String? = nil, before: String? = nil, limit: Int = 10) {
        self.after = after
        self.before = before
        self.limit = limit
    }
}

/// Conditions with their arguments, numbered as they are added.
struct Filter {
    private(set) var conditions: [String]
    private(set) var arguments: [SQLValue]

    init(_ condition: String, _ argument: SQLValue) {
        conditions = [condition + "$1"]
        arguments = [argument]
    }

    mutating func and(_ condition: String, _ argument: SQLValue) {
        arguments.append(argument)
        conditions.append("\(condition)$\(arguments.count)")
    }
}

extension SQLSession {
    /// A piece of a list, the newest first.
    func list<Value>(
        _ columns: String,
        from table: String,
        id: String,
        _ filter: Filter,
        in page: Page,
        _ decode: (inout SQLRow) throws -> Value
    ) throws -> [Value] {
        var filter = filter
        if let after = page.after { filter.and("\(id) < ", .text(after)) }
        if let before = page.before { filter.and("\(id) > ", .text(before)) }
        // Going back, the nearest ones are the oldest of those that are newer.
        let isGoingBack = page.before != nil && page.after == nil
        let sql = """
            SELECT \(columns) FROM \(table) WHERE \(filter.conditions.joined(separator: " AND "))
            ORDER BY \(id) \(isGoingBack ? "ASC" : "DESC") LIMIT $\(filter.arguments.count + 1)
            """
        let found = try all(sql, filter.arguments + [.integer(Int64(page.limit))], decode)
        return isGoingBack ? found.reversed() : found
    }
}
