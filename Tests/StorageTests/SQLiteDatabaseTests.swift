import DatabaseEngines
import Foundation
import Glibc
import Storage
import StorageSQLite
import Testing

@Suite("The database on SQLite")
struct SQLiteDatabaseTests {
    private let path: String

    init() throws {
        path = try Engine.sqlite.place()
    }

    @Test("is refused to a second opener, and free again after it was closed")
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
        "is free after it was closed, also while a child that was forked has its descriptors until its program begins"
    )
    func forked() async throws {
        let first = try SQLiteDatabase(path: path)
        let copies = try descriptors.map { dup($0) }
        #expect(!copies.isEmpty)
        try await first.close()
        try await SQLiteDatabase(path: path).close()
        for copy in copies { close(copy) }
    }

    @Test("F23: of a newer version is refused")
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

    @Test("F106: is refused by every name of its file", arguments: names.map(\.what))
    func otherNames(what: String) async throws {
        let first = try SQLiteDatabase(path: path)
        let make = try #require(Self.names.first { $0.what == what }).make
        let name = try make(path)
        let failure = #expect(throws: StorageError.self) { try SQLiteDatabase(path: name) }
        #expect(failure?.code == (what == "an address" ? .unavailable : .locked))
        // The attempts have not taken SQLite's own locks away, which end with any descriptor of the file.
        #expect(try (0..<100).contains { _ in try Self.locks(of: path) >= 2 })
        try await first.write { _ = try $0.query("SELECT 1", []).count }
        try await first.close()
    }

    /// How many locks this process has on a file, of either kind, as far as one reading shows them.
    ///
    /// The list of all locks is read in pieces, between which it may change: a lock may be missed, and is never made up.
    private static func locks(of path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        let list = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/locks")).readToEnd() ?? Data()
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        return lines.count { $0.contains(":\(status.st_ino) ") }
    }

    @Test("is refused while its file has a second name, whose log would be another")
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

    @Test("acknowledges nothing while its file is not where it was")
    func movedFile() async throws {
        let database = try SQLiteDatabase(path: path)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
        await #expect(throws: StorageError(.unavailable, "")) { try await database.write { _ in } }
        try FileManager.default.moveItem(atPath: path + ".moved", toPath: path)
        try await database.write { _ in }
        try await database.close()
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
