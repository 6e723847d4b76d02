import CPowerCut
import Foundation

/// The operations of a program on its files, recorded by a layer below it.
package final class OperationLog: Sendable {
    package struct Failure: Error {}

    /// One operation.
    package struct Operation: Sendable {
        package enum Kind: Sendable {
            case write(offset: Int, bytes: ArraySlice<UInt8>)
            case truncation(size: Int)
            /// The file's operations before a position are on the disk.
            case sync(covered: UInt64)
            /// The file's operations before a position will never be on the disk.
            case loss
            case rename(to: String)
            case removal
        }

        package let position: UInt64
        package let path: String
        package let kind: Kind
    }

    /// The file.
    package let file: String
    // Proof: the log is shared memory that C code writes with atomic operations.
    package nonisolated(unsafe) let pointer: OpaquePointer

    /// Makes a log, or opens it.
    package init(file: String) throws {
        guard let pointer = powercut_open(file) else { throw Failure() }
        self.file = file
        self.pointer = pointer
    }

    deinit { powercut_close(pointer) }

    /// The position of the next record: an answer given now comes before every record from here on.
    package var position: UInt64 { powercut_position(pointer) }

    /// Everything that was recorded until now.
    package func operations() throws -> [Operation] {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        let bytes = [UInt8](try handle.read(upToCount: Int(position)) ?? Data())
        var operations: [Operation] = []
        var start = Int(POWERCUT_START)
        let head = MemoryLayout<powercut_record>.size
        while start + head <= bytes.count {
            let record = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: powercut_record.self) }
            // A process that was killed while it wrote a record leaves a hole; records behind it are not read.
            guard record.size > 0, start + Int(record.size) <= bytes.count else { break }
            let path = start + head
            let data = path + Int(record.path_length)
            operations.append(
                Operation(
                    position: UInt64(start),
                    path: String(decoding: bytes[path..<data], as: UTF8.self),
                    kind: try Self.kind(record, bytes[data..<(data + Int(record.data_length))])
                )
            )
            start += Int(record.size)
        }
        return operations
    }

    private static func kind(_ record: powercut_record, _ data: ArraySlice<UInt8>) throws -> Operation.Kind {
        switch Int(record.kind) {
        case POWERCUT_WRITE: .write(offset: Int(record.offset), bytes: data)
        case POWERCUT_TRUNCATE: .truncation(size: Int(record.offset))
        case POWERCUT_SYNC: .sync(covered: record.offset)
        case POWERCUT_LOST: .loss
        case POWERCUT_RENAME: .rename(to: String(decoding: data, as: UTF8.self))
        case POWERCUT_REMOVE: .removal
        default: throw Failure()
        }
    }
}
