import GRDB
import Records
import Storage

/// The settings by which a commit of SQLite outlives a loss of power: a write-ahead log that is synced before a commit
/// is confirmed.
enum SQLiteDurability {
    /// `PRAGMA synchronous` in SQLite's numbers.
    private static let full = 2

    /// Has the writing connection sync its log at every commit.
    ///
    /// It has to run after the connection was set up: the library asks for less (`NORMAL`) when it switches the log on.
    ///
    /// - Throws: ``StorageError`` when the settings have no effect.
    static func demand(of database: GRDB.Database) throws {
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
        let level = try Int.fetchOne(database, sql: "PRAGMA synchronous")
        try check(journal: journal ?? "", level: level ?? 0)
        try fold(database)
    }

    /// Brings the content of the log into the file, and syncs it.
    ///
    /// The log may hold commits that were never synced: those of a process that was killed before or whose sync failed,
    /// and those of the library itself while it switched the log on. They are read and told to people from now on, so
    /// that they have to be on the disk first. Otherwise a later commit, well synced, can be lost with an unsynced one
    /// before it in the log.
    private static func fold(_ database: GRDB.Database) throws {
        let row = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        let (logged, folded) = (row?[1] as Int? ?? 0, row?[2] as Int? ?? 0)
        guard row?[0] == 0 || (logged == folded && logged >= 0) else {
            throw StorageError(.unavailable, "another program reads the database and holds up its log; end it first")
        }
    }

    /// The settings of a unit of work's connection, read from the connection itself.
    ///
    /// - Throws: ``StorageError`` when they are weaker than demanded.
    static func read(_ session: any SQLSession) throws -> String {
        var journal = try session.query("PRAGMA journal_mode", []).first ?? SQLRow([])
        var level = try session.query("PRAGMA synchronous", []).first ?? SQLRow([])
        try check(journal: journal.text(), level: level.int())
        return "SQLite, journal_mode=wal, synchronous=FULL"
    }

    private static func check(journal: String, level: Int) throws(StorageError) {
        guard journal == "wal", level == full else {
            throw StorageError(
                .notDurable,
                "SQLite works with journal_mode=\(journal), synchronous=\(level): a power failure could take what was "
                    + "confirmed. Keep the file on a local disk, and change nothing in its settings"
            )
        }
    }
}
