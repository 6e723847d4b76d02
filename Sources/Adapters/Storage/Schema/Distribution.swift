/// How tables are spread over the nodes of a Citus cluster: those of merchants by their book, so that a unit of work of one
/// book runs on one node; all others are copied to every node.
package enum Distribution {
    /// A foreign key, as the server describes it.
    package struct ForeignKey: Hashable, Sendable {
        /// Its name, which is unique within its table.
        package let name: String
        /// The table that has it.
        package let table: String
        /// The table that it names.
        package let target: String
        /// Its definition in SQL.
        package let definition: String

        /// A foreign key.
        package init(name: String, table: String, target: String, definition: String) {
            self.name = name
            self.table = table
            self.target = target
            self.definition = definition
        }

        /// Whether a cluster can keep it: a row that every node has cannot name one that a single node has.
        package var isKept: Bool {
            Schema.tableClass(of: table) == .merchants || Schema.tableClass(of: target) != .merchants
        }
    }

    /// The statements that distribute tables, which all run in one transaction.
    ///
    /// A table can only be distributed when the tables that it names are, and when no other names it that is not. So all
    /// foreign keys are taken away first and put back last, but for those that a cluster cannot keep.
    ///
    /// - Parameters:
    ///   - tables: the tables that are not distributed yet, in any order.
    ///   - foreignKeys: the foreign keys of these tables.
    /// - Returns: the statements in their order; none when there is no table.
    package static func statements(for tables: Set<String>, _ foreignKeys: [ForeignKey]) -> [String] {
        let ordered = Schema.tables.filter(tables.contains)
        guard !ordered.isEmpty else { return [] }
        let merchants = ordered.filter { Schema.tableClass(of: $0) == .merchants }
        let others = ordered.filter { Schema.tableClass(of: $0) != .merchants }
        let first = Schema.tables.first { Schema.tableClass(of: $0) == .merchants } ?? ""
        return ["SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"]
            + foreignKeys.map { "ALTER TABLE \($0.table) DROP CONSTRAINT \"\($0.name)\"" }
            + others.map { "SELECT create_reference_table('\($0)')" }
            + merchants.map { table in
                let neighbour = table == first ? "none" : first
                return "SELECT create_distributed_table('\(table)', 'book', colocate_with => '\(neighbour)')"
            }
            + foreignKeys.filter(\.isKept).map {
                "ALTER TABLE \($0.table) ADD CONSTRAINT \"\($0.name)\" \($0.definition)"
            }
    }
}
