import Cryptography
import Foundation
import Glibc
package import Seams
import StrictJSON

/// A copy of a database in one file: a line that describes it, and the engine's own copy.
///
/// The line is JSON: `format`, `version`, `engine`, `schema`, `taken_at`, and `bytes` and `sha256` of the engine's
/// copy. Keys are not in the file: they are in the keystore.
package struct BackupFile: Hashable, Sendable {
    private static let format = "settlegate-backup"
    private static let chunk = 1 << 20
    private static let headerLimit = 4_096

    /// The engine of the copy: `sqlite` or `postgresql`.
    package let engine: String
    /// The version of the schema.
    package let schema: Int
    /// When it was taken.
    package let takenAt: Timestamp

    /// The description of a copy.
    package init(engine: String, schema: Int, takenAt: Timestamp) {
        self.engine = engine
        self.schema = schema
        self.takenAt = takenAt
    }

    /// Writes an engine's copy into a file that only its owner can read, and syncs it.
    ///
    /// - Parameters:
    ///   - payload: the engine's copy.
    ///   - path: the file; it must not exist.
    /// - Throws: ``ConfigurationError``.
    package func write(_ payload: String, to path: String) throws {
        let (bytes, digest) = try Self.digest(payload, from: 0)
        let header: JSONValue = [
            "format": .string(Self.format), "version": .integer(1), "engine": .string(engine),
            "schema": .integer(Int64(schema)), "taken_at": .string(takenAt.description),
            "taken_at_microseconds": .string("\(takenAt.microseconds)"), "bytes": .string("\(bytes)"),
            "sha256": .string(Hex.encode(digest)),
        ]
        let output = try Self.create(path)
        defer { try? output.close() }
        try output.write(contentsOf: Data(header.bytes + [0x0A]))
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: payload))
        defer { try? input.close() }
        while let piece = try input.read(upToCount: Self.chunk), !piece.isEmpty { try output.write(contentsOf: piece) }
        try output.synchronize()
    }

    /// Checks a file and takes the engine's copy out of it.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - payload: where the engine's copy goes; it must not exist.
    /// - Throws: ``ConfigurationError`` when the copy is not whole.
    /// - Returns: the copy's description.
    package static func read(_ path: String, into payload: String) throws -> Self {
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? input.close() }
        let begin = try input.read(upToCount: headerLimit) ?? Data()
        guard let end = begin.firstIndex(of: 0x0A), let header = try? JSONValue(parsing: Array(begin[..<end])),
            header["format"]?.stringValue == format, header["version"]?.integerValue == 1,
            let engine = header["engine"]?.stringValue, let schema = header["schema"]?.integerValue,
            let moment = header["taken_at_microseconds"]?.stringValue.flatMap({ Int64($0) }),
            let count = header["bytes"]?.stringValue.flatMap({ UInt64($0) }), let sum = header["sha256"]?.stringValue
        else { throw ConfigurationError("\(path) is no backup of settlegate") }
        let start = UInt64(end + 1)
        let (bytes, digest) = try Self.digest(path, from: start)
        guard bytes == count, Hex.encode(digest) == sum else {
            throw ConfigurationError("\(path) is damaged: its checksum is another; take another copy")
        }
        try input.seek(toOffset: start)
        let output = try create(payload)
        defer { try? output.close() }
        while let piece = try input.read(upToCount: chunk), !piece.isEmpty { try output.write(contentsOf: piece) }
        try output.synchronize()
        return Self(engine: engine, schema: Int(clamping: schema), takenAt: Timestamp(microseconds: moment))
    }

    private static func digest(_ path: String, from start: UInt64) throws -> (bytes: UInt64, digest: [UInt8]) {
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? input.close() }
        try input.seek(toOffset: start)
        var hasher = SHA256Hasher()
        hasher.begin()
        var count: UInt64 = 0
        while let piece = try input.read(upToCount: chunk), !piece.isEmpty {
            hasher.add(Array(piece))
            count += UInt64(piece.count)
        }
        return (count, hasher.finish())
    }

    /// A new file that only its owner can read.
    static func create(_ path: String) throws -> FileHandle {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                "\(path) cannot be made: \(errno == EEXIST ? "it is there already" : "errno \(errno)")"
            )
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
