package import Records

/// The steps that make the schema: forward only, each run once, in order.
///
/// Tables are written once for both engines. Differences between them, and checks that would repeat a column's name,
/// are written in braces; ``SchemaWords`` has the list.
package enum Schema {
    /// One step.
    package struct Migration: Sendable {
        /// Its number; the database remembers the highest that was run.
        package let number: Int
        /// The statements.
        package let statements: [String]

        /// A step.
        package init(number: Int, statements: [String]) {
            self.number = number
            self.statements = statements
        }
    }

    /// The steps, the baseline first.
    package static let migrations: [Migration] = [baseline, postingsByAccount, payoutControls]

    /// The version of the schema that this program works with.
    package static var version: Int { migrations.last?.number ?? 0 }

    /// The steps that a database with schema `version` still needs.
    ///
    /// - Parameters:
    ///   - version: the schema of the database.
    ///   - known: the steps that there are.
    ///   - migrating: whether it may be migrated.
    /// - Throws: ``StorageError`` when the database is newer than this program, or older and not to be migrated.
    /// - Returns: the steps in their order.
    package static func migrations(
        after version: Int,
        of known: [Migration] = Schema.migrations,
        migrating: Bool
    ) throws(StorageError) -> [Migration] {
        let newest = known.last?.number ?? 0
        guard version <= newest else {
            throw StorageError(
                .newerSchema,
                "the database has schema \(version), this program knows \(newest); start the newer version"
            )
        }
        let missing = known.filter { $0.number > version }
        guard missing.isEmpty || version == 0 || migrating else {
            throw StorageError(.unavailable, "the schema is \(version); run 'settlegate migrate' first")
        }
        return missing
    }
}
