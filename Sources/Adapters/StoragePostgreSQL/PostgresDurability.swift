import Records
import Storage

/// What makes a commit of PostgreSQL outlive a loss of power: the server's log is synced before a commit is confirmed.
enum PostgresDurability {
    /// Asked of the session that writes.
    static let question = """
        SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')
        """

    /// What the session has to set `synchronous_commit` to.
    ///
    /// `remote_apply` is more than `on`, and stays. `local` and `remote_write` outlive a power failure here as `on` does,
    /// and differ from it only where the operator has synchronous standbys: those are there so that nothing is forgotten
    /// when one takes over, so that these sessions wait for them. `off` is refused and not mended: whoever has set it
    /// does not know that this database holds money.
    ///
    /// - Throws: ``StorageError`` when the server or the role forgets what it has confirmed.
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

    /// What the connection of a unit of work does, read from itself.
    ///
    /// - Throws: ``StorageError`` when that is less than what was promised.
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
