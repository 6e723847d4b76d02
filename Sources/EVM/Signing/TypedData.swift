import BigInt
import Cryptography
public import StrictJSON

/// Structured data that wallets show and sign (EIP-712).
public struct TypedData: Sendable {
    /// A field of a struct.
    private struct Field {
        let name: String
        let type: String
    }

    private static let maximumDepth = 16

    private let types: [String: [Field]]
    private let primaryType: String
    private let domain: JSONValue
    private let message: JSONValue

    /// Reads the JSON of `eth_signTypedData_v4`: `types`, `primaryType`, `domain` and `message`.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    public init(_ value: JSONValue) throws(EVMError) {
        var types: [String: [Field]] = [:]
        for type in value["types"]?.members ?? [] {
            var fields: [Field] = []
            for field in type.value.arrayValue ?? [] {
                guard let name = field["name"]?.stringValue, let type = field["type"]?.stringValue else {
                    throw Self.malformed("a field has a name and a type")
                }
                fields.append(Field(name: name, type: type))
            }
            types[type.key] = fields
        }
        guard let primaryType = value["primaryType"]?.stringValue, let domain = value["domain"],
            let message = value["message"], types["EIP712Domain"] != nil, types[primaryType] != nil
        else { throw Self.malformed("typed data has types, EIP712Domain among them, primaryType, domain and message") }
        self.types = types
        self.primaryType = primaryType
        self.domain = domain
        self.message = message
    }

    /// The digest that is signed: `keccak256(1901 ‖ domain ‖ message)`.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when values and types do not belong together.
    public func digest() throws(EVMError) -> [UInt8] {
        let separator = try hash("EIP712Domain", domain, 0)
        guard primaryType != "EIP712Domain" else { return Keccak256.hash([0x19, 0x01] + separator) }
        return Keccak256.hash([0x19, 0x01] + separator + (try hash(primaryType, message, 0)))
    }

    private func hash(_ type: String, _ value: JSONValue, _ depth: Int) throws(EVMError) -> [UInt8] {
        guard depth < Self.maximumDepth else { throw EVMError(.tooLarge, "structs are nested too deep") }
        var encoded = Keccak256.hash(Array(try encodedType(type).utf8))
        for field in types[type] ?? [] {
            encoded += try word(field.type, value[field.name] ?? .null, depth + 1, field.name)
        }
        return Keccak256.hash(encoded)
    }

    /// The type with its fields, and behind it the structs that it uses, in alphabetical order.
    private func encodedType(_ type: String) throws(EVMError) -> String {
        var used: Set<String> = []
        var open = [type]
        while let next = open.popLast() {
            guard let fields = types[next] else { throw Self.malformed("there is no type '\(next.prefix(40))'") }
            guard used.insert(next).inserted else { continue }
            open += fields.map { Self.element($0.type) }.filter { types[$0] != nil }
        }
        used.remove(type)
        return ([type] + used.sorted()).map { name in
            name + "(" + (types[name] ?? []).map { "\($0.type) \($0.name)" }.joined(separator: ",") + ")"
        }
        .joined()
    }

    /// A list's type without its brackets.
    private static func element(_ type: String) -> String { String(type.prefix { $0 != "[" }) }

    private func word(_ type: String, _ value: JSONValue, _ depth: Int, _ name: String) throws(EVMError) -> [UInt8] {
        guard depth < Self.maximumDepth else { throw EVMError(.tooLarge, "values are nested too deep") }
        if type.hasSuffix("]"), let bracket = type.lastIndex(of: "[") {
            guard let elements = value.arrayValue else { throw Self.malformed("'\(name)' is a list") }
            let count = type[type.index(after: bracket)...].dropLast()
            guard count.isEmpty || Int(count) == elements.count else {
                throw Self.malformed("'\(name)' has \(count) elements")
            }
            var encoded: [UInt8] = []
            for element in elements { encoded += try word(String(type[..<bracket]), element, depth + 1, name) }
            return Keccak256.hash(encoded)
        }
        if types[type] != nil {
            // A struct that is not there is zero, as the reference implementations have it.
            return value.isNull ? BigUInt(0).word : try hash(type, value, depth)
        }
        return try Self.atom(type, value, name)
    }

    private static func atom(_ type: String, _ value: JSONValue, _ name: String) throws(EVMError) -> [UInt8] {
        switch type {
        case "string":
            guard let text = value.stringValue else { throw malformed("'\(name)' is a string") }
            return Keccak256.hash(Array(text.utf8))
        case "bytes": return Keccak256.hash(try bytes(value, name))
        case "bool":
            guard let flag = value.boolValue else { throw malformed("'\(name)' is a boolean") }
            return BigUInt(flag ? 1 : 0).word
        case "address": return [UInt8](repeating: 0, count: 12) + (try EVMAddress(value.stringValue ?? "")).bytes
        default: break
        }
        if type.hasPrefix("bytes"), let count = Int(type.dropFirst(5)), (1...32).contains(count) {
            let bytes = try bytes(value, name)
            guard bytes.count == count else { throw malformed("'\(name)' has \(count) bytes") }
            return bytes + [UInt8](repeating: 0, count: 32 - count)
        }
        let isSigned = type.hasPrefix("int")
        guard isSigned || type.hasPrefix("uint"), let bits = Int(type.drop { $0.isLetter }), (8...256).contains(bits),
            bits % 8 == 0
        else { throw malformed("there is no type '\(type.prefix(40))'") }
        return try integer(value, bits: bits, isSigned: isSigned, name)
    }

    private static func integer(
        _ value: JSONValue,
        bits: Int,
        isSigned: Bool,
        _ name: String
    ) throws(EVMError) -> [UInt8] {
        let text: String
        switch value {
        case .number(let digits), .string(let digits): text = digits
        default: throw malformed("'\(name)' is an integer")
        }
        let isHex = text.hasPrefix("0x")
        guard text.utf8.count <= 80, let number = isHex ? BigInt(text.dropFirst(2), radix: 16) : BigInt(text, radix: 10)
        else { throw malformed("'\(name)' is an integer") }
        let limit = BigInt(1) << (isSigned ? bits - 1 : bits)
        guard number < limit, number >= (isSigned ? -limit : 0) else {
            throw malformed("'\(name)' has at most \(bits) bits")
        }
        return (number.sign == .minus ? (BigInt(1) << 256) + number : number).magnitude.word
    }

    private static func bytes(_ value: JSONValue, _ name: String) throws(EVMError) -> [UInt8] {
        guard let text = value.stringValue, text.hasPrefix("0x"), let bytes = try? Hex.decode(text.dropFirst(2)) else {
            throw malformed("'\(name)' is 0x and hex digits")
        }
        return bytes
    }

    private static func malformed(_ reason: String) -> EVMError { EVMError(.malformedStructure, reason) }
}
