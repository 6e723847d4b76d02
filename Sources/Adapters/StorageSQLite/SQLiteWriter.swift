import GRDB
import Records
import Storage
import Synchronization

/// The writing connection of an SQLite file.
final class SQLiteWriter: GroupWriter {
    private let queue: DatabaseQueue
    /// Kept, so that the file stays locked for as long as the connection exists.
    private let file: LockedFile
    /// The number of begun and ended commits: odd while one is under way.
    private let steps = Atomic<Int>(0)
    let bell = WorkBell()

    init(queue: DatabaseQueue, file: LockedFile) {
        self.queue = queue
        self.file = file
    }

    /// The number of commits, also of those that may have failed; nil while one is under way.
    var commitCount: Int? {
        let steps = steps.load(ordering: .sequentiallyConsistent)
        return steps.isMultiple(of: 2) ? steps / 2 : nil
    }

    func withConnection(_ body: (any WritingConnection) throws -> Void) throws {
        try file.requireInPlace()
        // Counted before a commit can be seen and before anybody is answered, so that every known commit is counted.
        steps.add(1, ordering: .sequentiallyConsistent)
        defer { steps.add(1, ordering: .sequentiallyConsistent) }
        try queue.writeWithoutTransaction { try body(SQLiteConnection($0, bell)) }
    }
}

/// The connection while a group is being committed.
private final class SQLiteConnection: WritingConnection {
    private let database: GRDB.Database
    private let own: SQLiteSession
    private let bell: WorkBell
    var session: any SQLSession { own }

    init(_ database: GRDB.Database, _ bell: WorkBell) {
        self.database = database
        self.bell = bell
        own = SQLiteSession(database)
    }

    func begin() throws {
        own.group.forget()
        do { try database.beginTransaction(.immediate) } catch { throw Self.unavailable(error) }
    }

    func commit() throws {
        do { try database.commit() } catch {
            throw StorageError(
                .outcomeUnknown,
                "the commit failed (\(Self.reason(error))); read back what became of it"
            )
        }
        for work in own.group.storedWork { bell.ring(for: work) }
    }

    // In SQLite a statement that fails undoes only itself.
    var hasFailedTransaction: Bool { false }

    func rollback() {
        // A transaction that cannot be rolled back was rolled back by SQLite itself.
        if database.isInsideTransaction { try? database.rollback() }
    }

    func beginMember() throws { try run("SAVEPOINT member") }
    func keepMember() throws { try run("RELEASE SAVEPOINT member") }

    func rollbackMember() throws {
        try run("ROLLBACK TO SAVEPOINT member")
        try run("RELEASE SAVEPOINT member")
    }

    private func run(_ sql: String) throws {
        do { try database.execute(sql: sql) } catch { throw Self.unavailable(error) }
    }

    private static func unavailable(_ error: any Error) -> StorageError {
        StorageError(.unavailable, "no commit: \(reason(error))")
    }

    private static func reason(_ error: any Error) -> String {
        (error as? DatabaseError).map { "\($0.resultCode)" } ?? "\(error)"
    }
}
