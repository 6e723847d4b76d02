package import BigInt

/// Recursive Length Prefix (Ethereum Yellow Paper, appendix B): bytes, or a list of items.
package enum RLPItem: Hashable, Sendable {
    /// Some bytes.
    case bytes([UInt8])
    /// A list.
    case list([RLPItem])

    /// An unsigned integer: its big-endian bytes without leading zeros; zero has no bytes.
    package static func uint64(_ value: UInt64) -> Self {
        .bytes(withUnsafeBytes(of: value.bigEndian) { Array($0.drop { $0 == 0 }) })
    }

    /// An unsigned integer without a limit.
    package static func integer(_ value: BigUInt) -> Self { .bytes(Array(value.serialize())) }

    /// The encoding.
    package var encoded: [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .bytes(let bytes):
            if bytes.count == 1, bytes[0] < 0x80 { return output.append(bytes[0]) }
            Self.writeHead(0x80, bytes.count, to: &output)
            output += bytes
        case .list(let items):
            var content: [UInt8] = []
            for item in items { item.write(to: &content) }
            Self.writeHead(0xC0, content.count, to: &output)
            output += content
        }
    }

    private static func writeHead(_ base: UInt8, _ count: Int, to output: inout [UInt8]) {
        guard count > 55 else { return output.append(base + UInt8(count)) }
        let length = withUnsafeBytes(of: UInt64(count).bigEndian) { Array($0.drop { $0 == 0 }) }
        output.append(base + 55 + UInt8(length.count))
        output += length
    }
}

extension BigUInt {
    /// The integer of big-endian bytes.
    package init(bytes: some Collection<UInt8>) {
        var words: [UInt] = []
        words.reserveCapacity(bytes.count / 8 + 1)
        var word: UInt = 0
        var shift: UInt = 0
        for byte in bytes.reversed() {
            word |= UInt(byte) << shift
            shift += 8
            if shift == 64 {
                words.append(word)
                (word, shift) = (0, 0)
            }
        }
        if shift > 0 { words.append(word) }
        self.init(words: words)
    }

    /// The 32 big-endian bytes of an integer of at most 256 bits; the lowest 256 bits of a larger one.
    package var word: [UInt8] {
        let bytes = serialize().suffix(32)
        return [UInt8](repeating: 0, count: 32 - bytes.count) + bytes
    }
}
