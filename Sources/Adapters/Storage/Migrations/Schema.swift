/// The steps that make the schema: forward only, each run once, in order.
///
/// Tables are written for two engines. `{integer}`, `{bytes}`, `{identity}`, `{table}` and `{serial}` stand for what
/// differs between them: 64-bit integers, byte strings, integers that count by themselves, and the ends of tables whose
/// rows lie in the order of their primary key or of their number.
package enum Schema {
    /// One step.
    package struct Migration: Sendable {
        /// Its number; the database remembers the highest that was run.
        package let number: Int
        /// The statements.
        package let statements: [String]
        /// The foreign keys that tables get which have rows already, after the statements.
        package var foreignKeys: [ForeignKey] = []
    }

    /// A foreign key for a table that is there already; each engine has its own way to add one.
    package struct ForeignKey: Sendable {
        /// The table.
        package let table: String
        /// The constraint, in words that both engines take.
        package let constraint: String

        init(of table: String, _ constraint: String) {
            self.table = table
            self.constraint = constraint
        }
    }

    package static let migrations: [Migration] = [
        firstTables, blockScanning, batchedTransfers, undoneMovements, checkout, keyAccess, secretRotation,
        supportRequests, casesOfMovements, caseResolutions, refundRates, pastQuotes,
        paymentLinks, customerNotices, gatewayMode, walletSessions, subscriptions,
        paidMedia, bots, botChanges, paymentRates, unavailableRails, soldLinks,
        providersOwnReferences, assetScales, approvals, setAside, storageProofs,
        reversals, wallets, accountBalances, refundsElsewhere,
        vanishedSpends, personalData, providersOwnPlaces, providerPlaces, concludedTransfers, balancesInTime,
        ownerNotices, paymentsByMoment, movementEvidence,
    ]

    /// The version of the schema that this program works with.
    package static var version: Int { migrations.last?.number ?? 0 }

    /// The steps that a database with schema `version` still needs.
    ///
    /// - Parameters:
    ///   - version: where the database stands.
    ///   - end: where it is brought to; tests stop at an older version.
    ///   - migrating: whether it may be brought further.
    /// - Throws: ``StorageError`` when the database is newer than this program, or older and not to be migrated.
    /// - Returns: the steps in their order.
    package static func migrations(
        after version: Int,
        upTo end: Int = Schema.version,
        migrating: Bool
    ) throws(StorageError) -> [Migration] {
        guard version <= self.version else {
            throw StorageError(
                .newerSchema,
                "the database has schema \(version), this program knows \(self.version); start the newer version"
            )
        }
        guard migrating || version == self.version || version == 0 else {
            throw StorageError(.unavailable, "the schema is \(version); run 'settlegate migrate' first")
        }
        return migrations.filter { $0.number > version && $0.number <= end }
    }
}
