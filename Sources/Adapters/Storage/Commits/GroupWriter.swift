/// A writing connection of an engine.
package protocol GroupWriter: Sendable {
    /// Lends the connection.
    ///
    /// - Throws: what `body` throws, and ``StorageError`` when there is no connection.
    func withConnection(_ body: (any WritingConnection) throws -> Void) throws
}

/// A connection on which units of work run.
///
/// Every error of its own is a ``StorageError``.
package protocol WritingConnection: AnyObject {
    /// The session that the units run on.
    var session: any SQLSession { get }

    /// Begins a database transaction that keeps out other writers of its scope.
    func begin() throws
    /// Commits it durably.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/outcomeUnknown`` when it is unknown whether it was
    ///   committed.
    func commit() throws
    /// Rolls it back, if there is one.
    func rollback()
    /// Whether a statement has failed, even if its error was ignored, so that only a rollback can end the database
    /// transaction.
    var hasFailedTransaction: Bool { get }
    /// Begins a savepoint for one member.
    func beginMember() throws
    /// Keeps what the member has done.
    func keepMember() throws
    /// Rolls back what the member has done.
    func rollbackMember() throws
}
