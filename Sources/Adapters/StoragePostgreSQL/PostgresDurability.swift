import Records
import Storage

/// The settings by which a commit of PostgreSQL outlives a loss of power: the server's log is synced before a commit is
/// confirmed.
enum PostgresDurability {
    /// Asked of the session that writes.
    static let question = """
        SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')
        """

    /// The value to which the session has to set `synchronous_commit`.
    ///
    /// `remote_apply` is more than `on`, and stays. With `local` and `remote_write` a commit outlives a power failure
    /// here as with `on`; they differ only where the operator has synchronous standbys. Those are there so that nothing
    /// is lost when one takes over, and these sessions wait for them. `off` is refused and not corrected: an operator
    /// who has set it does not know that this database holds money.
    ///
    /// - Throws: ``StorageError`` when the server or the role may lose a confirmed commit.
    static func level(_ answer: SQLRow?) throws(StorageError) -> String {
        var row = answer ?? SQLRow([])
        let (fsync, pages, commit) = (try row.text(), try row.text(), try row.text())
        for (name, value) in [("fsync", fsync), ("full_page_writes", pages), ("synchronous_commit", commit)]
        where value == "off" {
            throw StorageError(
                .notDurable,
                "PostgreSQL works with \(name)=off: a power failure could take what was confirmed. Switch it on for the "
                    + "server, the database, the role and the connection string"
            )
        }
        return commit == "remote_apply" ? commit : "on"
    }

    /// The settings of a unit of work's connection, read from the connection itself.
    ///
    /// - Throws: ``StorageError`` when they are weaker than demanded.
    static func read(_ session: any SQLSession) throws -> String {
        let answer = try session.query(question, []).first
        var row = answer ?? SQLRow([])
        let wanted = try level(answer)
        try row.skip()
        try row.skip()
        let stated = try row.text()
        guard stated == wanted else {
            throw StorageError(.notDurable, "PostgreSQL works with synchronous_commit=\(stated) and not \(wanted)")
        }
        return "PostgreSQL, fsync=on, full_page_writes=on, synchronous_commit=\(stated)"
    }
}
