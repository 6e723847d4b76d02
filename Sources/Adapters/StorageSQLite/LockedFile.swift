import Glibc
import Records
import Storage
import Synchronization

/// The file of an SQLite database, held by one process for as long as it is open.
///
/// The lock is on the file itself and not on a name: it also keeps out a process that opens the file by a symbolic
/// link, a second name or another spelling. There is no lock file that could be removed. The lock does not conflict
/// with SQLite's own locks, which are of another kind (`fcntl`) and end when any descriptor of the file is closed. So
/// the file is opened here once for the process, and closed after SQLite has closed it.
///
/// The log of the last commits lies beside the name and not beside the file. A process with another file under this
/// name would take the log for its own, empty it and remove it. So the log is locked as well, on which SQLite has no
/// locks of its own. A process that has once found its name or its log leading elsewhere never writes again.
final class LockedFile: Sendable {
    /// The identity of a file, whatever its name is.
    private struct Identity: Hashable {
        let device: UInt
        let number: UInt

        init(_ status: stat) {
            (device, number) = (UInt(status.st_dev), UInt(status.st_ino))
        }

        /// The file of a name; nil when there is none.
        init?(_ path: String) {
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            self.init(status)
        }
    }

    /// The files that this process holds.
    private static let held = Mutex<Set<Identity>>([])

    /// The absolute path without symbolic links, which SQLite reads as a path and nothing else.
    let path: String
    private let identity: Identity
    private let descriptor: Mutex<Int32>
    private let log: Mutex<HeldLog?>
    private let wasMoved = Atomic(false)

    /// The log, as it was locked.
    private struct HeldLog {
        let descriptor: Int32
        let identity: Identity
    }

    /// Opens or makes a file that only its owner can read, and locks it.
    ///
    /// - Throws: ``StorageError``; with ``StorageError/Code/locked`` when another process holds the file, or this one.
    init(path: String) throws(StorageError) {
        guard !path.isEmpty, !path.hasPrefix("file:"), !path.utf8.contains(0) else {
            throw StorageError(.unavailable, "'\(path)' is no path: name the database's file without 'file:'")
        }
        do {
            let (opened, identity, resolved, log) = try Self.held.withLock { held in
                // A second descriptor of a file that SQLite has open here must not even be closed: that would end
                // SQLite's locks.
                if let known = Identity(path), held.contains(known) { throw Self.locked(path) }
                let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
                guard opened >= 0 else {
                    throw StorageError(.unavailable, "the database \(path) cannot be opened (\(Self.reason()))")
                }
                do {
                    let (identity, resolved) = try Self.secure(opened, path)
                    let log = try Self.lockLog(of: resolved)
                    held.insert(identity)
                    return (opened, identity, resolved, log)
                } catch {
                    Glibc.close(opened)
                    throw error
                }
            }
            descriptor = Mutex(opened)
            self.identity = identity
            self.path = resolved
            self.log = Mutex(log)
        } catch let error as StorageError { throw error } catch {
            throw StorageError(.unavailable, "the database \(path) cannot be opened")
        }
    }

    deinit { release() }

    private static func secure(_ opened: Int32, _ path: String) throws -> (Identity, String) {
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else { throw locked(path) }
        var status = stat()
        guard unsafe fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let resolved = unsafe realpath(path, nil)
        else {
            throw StorageError(.unavailable, "the database \(path) is no file")
        }
        defer { unsafe free(resolved) }
        let place = unsafe String(cString: resolved)
        // The log lies beside one name: a process that opens the file by another would not see the last commits.
        guard status.st_nlink == 1, Identity(place) == Identity(status) else {
            throw StorageError(.unavailable, "the database \(path) has a second name (a hard link); remove that first")
        }
        for file in [place, place + "-wal", place + "-shm"] { try hide(file) }
        return (Identity(status), place)
    }

    /// Locks the log that lies beside a name; nil when there is none.
    private static func lockLog(of path: String) throws -> HeldLog? {
        let opened = unsafe open(path + "-wal", O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            guard errno == ENOENT else {
                throw StorageError(.unavailable, "the log \(path)-wal cannot be opened (\(reason()))")
            }
            return nil
        }
        var status = stat()
        guard flock(opened, LOCK_EX | LOCK_NB) == 0, unsafe fstat(opened, &status) == 0 else {
            Glibc.close(opened)
            throw StorageError(
                .locked,
                "another process has the log \(path)-wal, of a file that had this name before; stop it first"
            )
        }
        return HeldLog(descriptor: opened, identity: Identity(status))
    }

    /// Locks the log that SQLite works with, which it may have made anew.
    ///
    /// - Throws: ``StorageError``.
    func holdLog() throws {
        try log.withLock { log in
            if let log, Identity(path + "-wal") == log.identity { return }
            let found = try Self.lockLog(of: path)
            Self.release(log)
            log = found
            guard found != nil else { throw StorageError(.unavailable, "the database \(path) has no log") }
        }
    }

    private static func release(_ log: HeldLog?) {
        guard let log else { return }
        flock(log.descriptor, LOCK_UN)
        Glibc.close(log.descriptor)
    }

    /// Lets only the owner read a file; SQLite gives its log the permissions of the database.
    private static func hide(_ path: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return }
        guard unsafe chmod(path, 0o600) == 0 else {
            throw StorageError(.unavailable, "others can read \(path): chmod 600 it (\(reason()))")
        }
    }

    private static func locked(_ path: String) -> StorageError {
        StorageError(.locked, "another process has this database (\(path)); stop it first")
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }

    /// Refuses to write when the name leads to another file or log, or to none: nobody would find what is written now.
    ///
    /// That is for good: it is unknown what was done with the log meanwhile, and a new process reads it anew.
    ///
    /// - Throws: ``StorageError``.
    func requireInPlace() throws(StorageError) {
        let isInPlace =
            Identity(path) == identity && Identity(path + "-wal") == log.withLock { $0?.identity }
        if !isInPlace { wasMoved.store(true, ordering: .sequentiallyConsistent) }
        guard !wasMoved.load(ordering: .sequentiallyConsistent) else {
            throw StorageError(
                .unavailable,
                "the database \(path) or its log was moved or removed while it was open; put it back and restart"
            )
        }
    }

    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            Self.held.withLock { held in
                // A child that was forked a moment ago has the descriptor as well until its own program begins: without
                // the unlock, the lock would last until then.
                flock(descriptor, LOCK_UN)
                Glibc.close(descriptor)
                held.remove(identity)
            }
            descriptor = -1
            log.withLock { log in
                Self.release(log)
                log = nil
            }
        }
    }
}
