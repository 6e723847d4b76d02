/// Finds values in JSON text that need not be valid as a whole, so that an unreadable value does not hide its
/// neighbours.
///
/// It reads only quotes and brackets, once, from the first byte to the last.
package enum JSONSlices {
    /// The bytes of each element of a list that is a member of the outermost object; nil when there is no such list.
    package static func elements(of key: String, in bytes: [UInt8]) -> [[UInt8]]? {
        guard let list = member(key, of: bytes[...]), list.first == UInt8(ascii: "[") else { return nil }
        var scanner = SliceScanner(bytes: list, position: list.startIndex + 1)
        var elements: [[UInt8]] = []
        while let element = scanner.next(), !element.isEmpty { elements.append(Array(element)) }
        return elements
    }

    /// The integer that is a member of an object; nil when there is none, or it does not fit 64 bits.
    package static func integer(_ key: String, in bytes: [UInt8]) -> Int64? {
        member(key, of: bytes[...]).flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    /// The bytes of the first member with a key, which is compared as it is written.
    private static func member(_ key: String, of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var scanner = SliceScanner(bytes: bytes, position: bytes.startIndex)
        scanner.skipSpace()
        guard scanner.take(UInt8(ascii: "{")) else { return nil }
        let wanted = [UInt8(ascii: "\"")] + Array(key.utf8) + [UInt8(ascii: "\"")]
        while let name = scanner.next(), !name.isEmpty {
            guard let value = scanner.next() else { return nil }
            if name.elementsEqual(wanted) { return value }
        }
        return nil
    }
}

/// One pass over the bytes of an object or a list, value by value.
private struct SliceScanner {
    let bytes: ArraySlice<UInt8>
    var position: Int

    private var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    /// Skips white space and separators.
    mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":")].contains(byte) {
            position += 1
        }
    }

    /// The next value; empty at the end of the object or list, nil when the text ends before that.
    mutating func next() -> ArraySlice<UInt8>? {
        skipSpace()
        guard let first = current else { return nil }
        let start = position
        switch first {
        case UInt8(ascii: "}"), UInt8(ascii: "]"): return bytes[start..<start]
        case UInt8(ascii: "\""): guard passString() else { return nil }
        case UInt8(ascii: "{"), UInt8(ascii: "["): guard passNested() else { return nil }
        default:
            while let byte = current, ![0x20, 0x09, 0x0A, 0x0D].contains(byte), !",:]}".utf8.contains(byte) {
                position += 1
            }
        }
        return bytes[start..<position]
    }

    /// Skips a string, and returns whether it ends.
    private mutating func passString() -> Bool {
        position += 1
        while let byte = current {
            position += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return true }
        }
        return false
    }

    /// Skips an object or a list with its content, and returns whether it ends.
    private mutating func passNested() -> Bool {
        var depth = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                guard passString() else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            position += 1
            if depth == 0 { return true }
        }
        return false
    }
}
