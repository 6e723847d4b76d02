import DatabaseEngines
import Foundation
import Glibc
import Records
import Storage
import StorageSQLite
import Testing

@Suite("The database on SQLite")
struct SQLiteDatabaseTests {
    private let path: String

    init() throws {
        path = try Engine.sqlite.place()
    }

    @Test("is refused to a second opener until it is closed")
    func locked() async throws {
        let first = try SQLiteDatabase(path: path)
        #expect(throws: StorageError(.locked, "")) { try SQLiteDatabase(path: path) }
        try await first.close()
        let second = try SQLiteDatabase(path: path)
        try await second.close()
        await #expect(throws: StorageError(.unavailable, "")) { try await second.write { _ in } }
    }

    /// The descriptors of the file that this process has open.
    private var descriptors: [Int32] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }.filter {
                number in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")) == path
            }
        }
    }

    @Test(
        "is free after it was closed, also while a forked child still has its descriptors"
    )
    func forked() async throws {
        let first = try SQLiteDatabase(path: path)
        let copies = try descriptors.map { dup($0) }
        #expect(!copies.isEmpty)
        try await first.close()
        try await SQLiteDatabase(path: path).close()
        for copy in copies { close(copy) }
    }

    @Test("of a newer version is refused")
    func newerSchema() async throws {
        let database = try SQLiteDatabase(path: path)
        _ = try await database.write { try $0.execute("PRAGMA user_version = 99", []) }
        try await database.close()
        #expect(throws: StorageError(.newerSchema, "")) { try SQLiteDatabase(path: path) }
    }

    /// Other names of the same file, and a lock file that somebody removed.
    private static let names: [(what: String, make: @Sendable (String) throws -> String)] = [
        ("itself", { $0 }),
        (
            "another spelling",
            { ($0 as NSString).deletingLastPathComponent + "/./" + ($0 as NSString).lastPathComponent }
        ),
        (
            "a symbolic link",
            { path in
                try FileManager.default.createSymbolicLink(atPath: path + ".link", withDestinationPath: path)
                return path + ".link"
            }
        ),
        (
            "a hard link",
            { path in
                try FileManager.default.linkItem(atPath: path, toPath: path + ".second")
                return path + ".second"
            }
        ),
        ("an address", { "file:" + $0 }),
        (
            "its own name, after a lock file was removed",
            { path in
                try? FileManager.default.removeItem(atPath: path + ".lock")
                return path
            }
        ),
    ]

    @Test("is refused to a second opener under every name of its file", arguments: names.map(\.what))
    func otherNames(what: String) async throws {
        let first = try SQLiteDatabase(path: path)
        let make = try #require(Self.names.first { $0.what == what }).make
        let name = try make(path)
        let failure = #expect(throws: StorageError.self) { try SQLiteDatabase(path: name) }
        #expect(failure?.code == (what == "an address" ? .unavailable : .locked))
        // The attempts have not released SQLite's own locks, which end when any descriptor of the file is closed.
        #expect(try (0..<100).contains { _ in try Self.locks(of: path) >= 2 })
        try await first.write { _ = try $0.query("SELECT 1", []).count }
        try await first.close()
    }

    /// How many locks of either kind are on a file.
    ///
    /// The system's list of locks may change while it is read in pieces: a lock may be missed, but is never made up.
    private static func locks(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        let list = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/locks")).readToEnd() ?? Data()
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        return lines.count { $0.contains(":\(status.st_ino) ") }
    }

    @Test("is refused while its file has a second name, which would have another log")
    func hardLink() async throws {
        let database = try SQLiteDatabase(path: path)
        try await database.close()
        try FileManager.default.linkItem(atPath: path, toPath: path + ".second")
        for name in [path, path + ".second"] {
            #expect(throws: StorageError(.unavailable, "")) { try SQLiteDatabase(path: name) }
        }
        try FileManager.default.removeItem(atPath: path + ".second")
        try await SQLiteDatabase(path: path).close()
    }

    @Test(
        "acknowledges nothing once its file or log was moved, also when it is put back",
        arguments: ["", "-wal"]
    )
    func movedFile(of part: String) async throws {
        let database = try SQLiteDatabase(path: path)
        try await database.write { try Self.keep(1, in: $0) }
        try FileManager.default.moveItem(atPath: path + part, toPath: path + ".moved")
        await #expect(throws: StorageError(.unavailable, "")) { try await database.write { _ in } }
        try FileManager.default.moveItem(atPath: path + ".moved", toPath: path + part)
        await #expect(throws: StorageError(.unavailable, "")) {
            try await database.write { try Self.keep(2, in: $0) }
        }
        try await database.close()
        // A new process reads the files and goes on.
        let next = try SQLiteDatabase(path: path)
        #expect(try await next.read { try Self.kept(in: $0) } == [1])
        try await next.write { try Self.keep(3, in: $0) }
        try await next.close()
    }

    @Test("is not opened under a name whose log belongs to a file that had the name before")
    func foreignLog() async throws {
        let first = try SQLiteDatabase(path: path)
        try await first.write { try Self.keep(1, in: $0) }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
        try FileManager.default.copyItem(atPath: path + ".moved", toPath: path)
        // The first process has not noticed the move: only the lock on the log keeps the second one out.
        #expect(throws: StorageError(.locked, "")) { try SQLiteDatabase(path: path) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".moved", toPath: path)
        try await first.write { try Self.keep(2, in: $0) }
        // The file as a loss of power leaves it: with the log, and without the end of the first process.
        for part in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + part, toPath: path + ".restarted" + part)
        }
        let restarted = try SQLiteDatabase(path: path + ".restarted")
        #expect(try await restarted.read { try Self.kept(in: $0) } == [1, 2])
        try await restarted.close()
        try await first.close()
    }

    private static func keep(_ number: Int64, in session: any SQLSession) throws {
        try session.execute("CREATE TABLE IF NOT EXISTS kept (number INTEGER NOT NULL) STRICT", [])
        try session.execute("INSERT INTO kept (number) VALUES (?)", [.integer(number)])
    }

    private static func kept(in session: any SQLSession) throws -> [Int64] {
        try session.query("SELECT number FROM kept ORDER BY number", []).map { row in
            guard case .integer(let number) = row.values.first else { return -1 }
            return number
        }
    }

    @Test("lies in files that only their owner can read, also when others made them", arguments: [0o600, 0o666])
    func modes(earlier: Int) async throws {
        #expect(
            FileManager.default.createFile(
                atPath: path,
                contents: Data(),
                attributes: [.posixPermissions: NSNumber(value: earlier)]
            )
        )
        let database = try SQLiteDatabase(path: path)
        try await database.write { _ = try $0.query("SELECT 1", []).count }
        for file in [path, path + "-wal", path + "-shm"] {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(file)")
        }
        try await database.close()
    }
}
