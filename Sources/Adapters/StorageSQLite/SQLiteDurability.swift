import GRDB
import Records
import Storage

/// What makes a commit of SQLite outlive a loss of power: a write-ahead log that is synced before a commit is confirmed.
enum SQLiteDurability {
    /// `PRAGMA synchronous` in SQLite's numbers.
    private static let full = 2

    /// Has the writing connection sync its log at every commit.
    ///
    /// It belongs after the connection was set up: the library asks for less (`NORMAL`) when it switches the log on.
    ///
    /// - Throws: ``StorageError`` when the connection does not do as it was told.
    static func demand(of database: GRDB.Database) throws {
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
        let level = try Int.fetchOne(database, sql: "PRAGMA synchronous")
        try check(journal: journal ?? "", level: level ?? 0)
        try fold(database)
    }

    /// Brings everything that the log says into the file, and syncs it.
    ///
    /// The log may say what was never synced: by a process that was killed before it could, or whose sync failed, and by
    /// the library itself while it switched the log on. All of it is read from now on, and told to people, so that it has
    /// to be on the disk first. Found by the test that lets syncs fail: a later commit, well synced, was lost with an
    /// unsynced one before it in the log.
    private static func fold(_ database: GRDB.Database) throws {
        let row = try Row.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        let (logged, folded) = (row?[1] as Int? ?? 0, row?[2] as Int? ?? 0)
        guard row?[0] == 0 || (logged == folded && logged >= 0) else {
            throw StorageError(.unavailable, "another program reads the database and holds up its log; end it first")
        }
    }

    /// What the connection of a unit of work does, read from itself.
    ///
    /// - Throws: ``StorageError`` when that is less than what was promised.
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
