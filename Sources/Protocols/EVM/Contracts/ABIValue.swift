package import BigInt

/// A type of the contract ABI (Solidity documentation, "Contract ABI Specification").
package indirect enum ABIType: Hashable, Sendable {
    case address
    case bool
    /// `uint256` and the shorter ones; the number is its bits.
    case uint(Int)
    /// `bytes1` to `bytes32`.
    case fixedBytes(Int)
    case bytes
    case string
    /// A list of any length.
    case array(ABIType)

    var isDynamic: Bool {
        switch self {
        case .bytes, .string, .array: true
        case .address, .bool, .uint, .fixedBytes: false
        }
    }
}

/// A value of the contract ABI.
package enum ABIValue: Hashable, Sendable {
    case address(EVMAddress)
    case bool(Bool)
    case uint(BigUInt)
    case fixedBytes([UInt8])
    case bytes([UInt8])
    case string(String)
    case array([ABIValue])

    private var isDynamic: Bool {
        switch self {
        case .bytes, .string, .array: true
        case .address, .bool, .uint, .fixedBytes: false
        }
    }

    /// The first four bytes of a function's digest, for example of `transfer(address,uint256)`.
    package static func selector(_ signature: String) -> [UInt8] {
        Array(EVMHash(of: Array(signature.utf8)).bytes.prefix(4))
    }

    /// The call of a function.
    package static func call(_ signature: String, _ arguments: [ABIValue]) -> [UInt8] {
        selector(signature) + encode(arguments)
    }

    /// The encoding of a list of arguments.
    package static func encode(_ values: [ABIValue]) -> [UInt8] {
        var head: [UInt8] = []
        var tail: [UInt8] = []
        for value in values {
            let encoded = value.encoded
            if value.isDynamic {
                head += BigUInt(values.count * 32 + tail.count).word
                tail += encoded
            } else {
                head += encoded
            }
        }
        return head + tail
    }

    private var encoded: [UInt8] {
        switch self {
        case .address(let address): return [UInt8](repeating: 0, count: 12) + address.bytes
        case .bool(let flag): return BigUInt(flag ? 1 : 0).word
        case .uint(let value): return value.word
        case .fixedBytes(let bytes): return bytes + [UInt8](repeating: 0, count: max(0, 32 - bytes.count))
        case .bytes(let bytes): return Self.padded(bytes)
        case .string(let text): return Self.padded(Array(text.utf8))
        case .array(let values): return BigUInt(values.count).word + Self.encode(values)
        }
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        BigUInt(bytes.count).word + bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    }

    // MARK: - Decoding

    /// Reads values of the given types.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedABI`` when the bytes are not the encoding of such values.
    package static func decode(_ types: [ABIType], from data: [UInt8]) throws(EVMError) -> [ABIValue] {
        try decode(types, from: data[...], depth: 0)
    }

    private static func decode(
        _ types: [ABIType],
        from data: ArraySlice<UInt8>,
        depth: Int
    ) throws(EVMError) -> [ABIValue] {
        guard depth < 8 else { throw EVMError(.tooLarge, "values are nested more than 8 deep") }
        var values: [ABIValue] = []
        for (index, type) in types.enumerated() {
            let word = try Self.word(of: data, at: index * 32)
            guard type.isDynamic else {
                values.append(try type.value(of: Array(word)))
                continue
            }
            let offset = try Self.count(word)
            guard offset <= data.count else { throw malformed("an offset leads out of the data") }
            let content = data[(data.startIndex + offset)...]
            let length = try Self.count(Self.word(of: content, at: 0))
            let rest = content.dropFirst(32)
            switch type {
            case .array(let element):
                // Each element needs at least one word, so that a length cannot claim more elements than the data can
                // hold.
                guard length <= rest.count / 32 else { throw malformed("a list is longer than the data") }
                let elements = [ABIType](repeating: element, count: length)
                values.append(.array(try decode(elements, from: rest, depth: depth + 1)))
            default:
                guard length <= rest.count else { throw malformed("bytes are longer than the data") }
                let bytes = Array(rest.prefix(length))
                guard type == .string else {
                    values.append(.bytes(bytes))
                    continue
                }
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw malformed("a string is not UTF-8")
                }
                values.append(.string(text))
            }
        }
        return values
    }

    private static func word(of data: ArraySlice<UInt8>, at offset: Int) throws(EVMError) -> ArraySlice<UInt8> {
        guard offset + 32 <= data.count else { throw malformed("the data ends within a word") }
        return data[(data.startIndex + offset)..<(data.startIndex + offset + 32)]
    }

    private static func count(_ word: ArraySlice<UInt8>) throws(EVMError) -> Int {
        guard let value = Int32(exactly: BigUInt(bytes: word)) else { throw malformed("a length is too large") }
        return Int(value)
    }

    fileprivate static func malformed(_ reason: String) -> EVMError { EVMError(.malformedABI, reason) }
}

extension ABIType {
    fileprivate func value(of word: [UInt8]) throws(EVMError) -> ABIValue {
        switch self {
        case .address:
            guard word.prefix(12).allSatisfy({ $0 == 0 }) else { throw ABIValue.malformed("an address has 20 bytes") }
            return .address(try EVMAddress(bytes: Array(word.suffix(20))))
        case .bool:
            guard word.dropLast().allSatisfy({ $0 == 0 }), word[31] <= 1 else {
                throw ABIValue.malformed("a boolean is 0 or 1")
            }
            return .bool(word[31] == 1)
        case .uint(let bits):
            let value = BigUInt(bytes: word)
            guard value.bitWidth <= bits else { throw ABIValue.malformed("an integer has more than \(bits) bits") }
            return .uint(value)
        case .fixedBytes(let count):
            guard (1...32).contains(count), word.dropFirst(count).allSatisfy({ $0 == 0 }) else {
                throw ABIValue.malformed("bytes\(count) end in zeros")
            }
            return .fixedBytes(Array(word.prefix(count)))
        case .bytes, .string, .array: throw ABIValue.malformed("a value of variable length is not a word")
        }
    }
}
