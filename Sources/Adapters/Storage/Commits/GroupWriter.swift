/// The one connection of an engine that writes.
package protocol GroupWriter: Sendable {
    /// Lends the connection.
    ///
    /// - Throws: what `body` throws, and ``StorageError`` when there is no connection.
    func withConnection(_ body: (any WritingConnection) throws -> Void) throws
}

/// A connection on which units of work run.
///
/// Everything that it throws by itself is a ``StorageError``.
package protocol WritingConnection: AnyObject {
    /// What the units run on.
    var session: any SQLSession { get }

    /// Begins a database transaction that nobody else writes beside.
    func begin() throws
    /// Commits it durably.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/outcomeUnknown`` when it cannot be known whether it did.
    func commit() throws
    /// Rolls it back, if there is one.
    func rollback()
    /// Whether a statement has failed, also one whose error nobody looked at, so that only a rollback can end the
    /// database transaction.
    var hasFailedTransaction: Bool { get }
    /// Begins what can be rolled back by itself.
    func beginMember() throws
    /// Keeps it.
    func keepMember() throws
    /// Rolls it back.
    func rollbackMember() throws
}
