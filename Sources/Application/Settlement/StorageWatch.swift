import Ledger
import Records
import Seams
import Storage
import Synchronization

/// Checks whether something can be stored, by a trial when the last one is too old or a unit of work has failed.
///
/// A read that succeeds proves nothing: a disk that is full or read-only still answers. Nor does a unit of work that
/// was committed: it may have written nothing, or less than a payment takes.
final class StorageWatch: Sendable {
    /// The name of the condition while nothing can be stored.
    static let condition = "storage"
    /// How long the result of a trial is trusted.
    private static let freshness = Duration.seconds(1)
    /// How long a trial may take; less than a rail waits for an answer.
    private static let patience = Duration.seconds(2)
    /// The bytes that a trial writes on our own disk: more than a payment or an order takes.
    ///
    /// On a database server it writes none of them: the server ends when its log finds no room, and what was written in
    /// vain stays until it is vacuumed.
    private static let room = 256 << 10

    private let database: any Database
    private let conditions: Conditions
    private let clock: any WallClock
    /// When the last trial was committed; nil once a unit of work has failed since.
    private let kept = Mutex<Timestamp?>(nil)
    /// The trial that is under way; while one hangs, no other is started.
    private let trial = Mutex<Task<Bool, Never>?>(nil)

    init(_ database: any Database, conditions: Conditions, clock: any WallClock) {
        self.database = database
        self.conditions = conditions
        self.clock = clock
    }

    /// Notes that a unit of work failed; the next trial shows whether it was only this one.
    func noteFailure() { kept.withLock { $0 = nil } }

    /// Whether something can be stored now; the condition is raised or cleared accordingly.
    func isStoring() async -> Bool {
        if let moment = kept.withLock({ $0 }) {
            let age = clock.now().since(moment)
            if age >= .zero, age < Self.freshness, trial.withLock({ $0 == nil }) {
                conditions.clear(Self.condition)
                return true
            }
        }
        let trial = trial.withLock { trial in
            let current = trial ?? Task { await self.tryToStore() }
            trial = current
            return current
        }
        let isStoring = await clock.answer(within: Self.patience, otherwise: false) { await trial.value }
        if isStoring {
            conditions.clear(Self.condition)
        } else {
            conditions.raise(
                Self.condition,
                .blocking,
                "nothing can be stored: the disk is full or cannot be written, or the database is away; until that is "
                    + "over no payment is approved",
                at: clock.now()
            )
        }
        return isStoring
    }

    private func tryToStore() async -> Bool {
        let now = clock.now()
        let room = database.isShared ? 0 : Self.room
        let isKept: Bool
        do {
            try await database.write(in: .book(.operators)) { [room] in try $0.proveStorage(at: now, room: room) }
            isKept = true
        } catch { isKept = false }
        kept.withLock { $0 = isKept ? now : nil }
        trial.withLock { $0 = nil }
        return isKept
    }
}

/// A database that reports failed units of work to a watch.
struct WatchedDatabase: Database {
    let base: any Database
    let watch: StorageWatch

    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await base.read(body)
    }

    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await base.lookUp(body)
    }

    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        do {
            return try await base.write(in: scope, body)
        } catch let error as StorageError {
            watch.noteFailure()
            throw error
        }
    }

    func durability() async throws -> String { try await base.durability() }
    func statedTime() async throws -> Timestamp? { try await base.statedTime() }
    var commitCount: Int? { base.commitCount }
    var isReplaced: Bool { base.isReplaced }
    var isShared: Bool { base.isShared }
    func calls(for work: StoredWork) -> AsyncStream<Void> { base.calls(for: work) }
    func close() async throws { try await base.close() }
}

extension Settlement {
    /// Whether something can be stored at the moment; it answers within two seconds, and raises or clears the
    /// condition.
    package func isStoring() async -> Bool { await storage.isStoring() }
}
