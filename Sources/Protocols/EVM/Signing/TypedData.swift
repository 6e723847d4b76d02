import BigInt
import Cryptography
import Seams
package import StrictJSON

/// Structured data that wallets show and sign (EIP-712).
package struct TypedData: Sendable {
    /// A field of a struct.
    private struct Field {
        let name: String
        let type: String
    }

    private static let maximumDepth = 16
    /// The most types, because the text of each type contains the texts of all types that it uses.
    private static let maximumTypes = 256
    /// The most bytes of a type's or a field's name, because names of types are compared for every value.
    private static let maximumNameBytes = 256
    /// The most bytes of all types' texts together, which can be the document's size times the number of types.
    private static let maximumTextBytes = 1 << 20

    private let types: Named<[Field]>
    /// The hash of each type's text, made once for all values of it.
    private let typeHashes: Named<[UInt8]>
    private let primaryType: String
    private let domain: JSONValue
    private let message: JSONValue

    /// Reads the JSON of `eth_signTypedData_v4`: `types`, `primaryType`, `domain` and `message`.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure``.
    package init(_ value: JSONValue) throws(EVMError) {
        var types = Named<[Field]>()
        let stated = value["types"]?.members ?? []
        guard stated.count <= Self.maximumTypes else {
            throw EVMError(.tooLarge, "typed data has at most \(Self.maximumTypes) types")
        }
        for type in stated {
            try Self.check(type.key)
            var fields: [Field] = []
            for field in type.value.arrayValue ?? [] {
                guard let name = field["name"]?.stringValue, let type = field["type"]?.stringValue else {
                    throw Self.malformed("a field has a name and a type")
                }
                try Self.check(name)
                try Self.check(type)
                fields.append(Field(name: name, type: type))
            }
            types[type.key] = fields
        }
        guard let primaryType = value["primaryType"]?.stringValue, let domain = value["domain"],
            let message = value["message"], types["EIP712Domain"] != nil, types[primaryType] != nil
        else { throw Self.malformed("typed data has types, EIP712Domain among them, primaryType, domain and message") }
        self.types = types
        var hashes = Named<[UInt8]>()
        var left = Self.maximumTextBytes
        for root in [primaryType, "EIP712Domain"] {
            for type in Self.used(by: root, types) where hashes[type] == nil {
                let text = Array(Self.encodedType(type, types).utf8)
                left -= text.count
                guard left >= 0 else { throw EVMError(.tooLarge, "the types refer to each other too often") }
                hashes[type] = Keccak256.hash(text)
            }
        }
        typeHashes = hashes
        self.primaryType = primaryType
        self.domain = domain
        self.message = message
    }

    private static func check(_ name: String) throws(EVMError) {
        guard name.utf8.count <= maximumNameBytes else {
            throw EVMError(.tooLarge, "names have at most \(maximumNameBytes) bytes")
        }
    }

    /// The signed digest: `keccak256(1901 ‖ domain ‖ message)`.
    ///
    /// - Throws: ``EVMError`` with ``EVMError/Code/malformedStructure`` when the values do not match the types.
    package func digest() throws(EVMError) -> [UInt8] {
        let separator = try hash("EIP712Domain", domain, 0)
        guard primaryType != "EIP712Domain" else { return Keccak256.hash([0x19, 0x01] + separator) }
        return Keccak256.hash([0x19, 0x01] + separator + (try hash(primaryType, message, 0)))
    }

    private func hash(_ type: String, _ value: JSONValue, _ depth: Int) throws(EVMError) -> [UInt8] {
        guard depth < Self.maximumDepth else { throw EVMError(.tooLarge, "structs are nested too deep") }
        guard let members = value.members else { throw Self.malformed("'\(type.prefix(40))' is an object") }
        // Each member is visited once, however many fields there are.
        let values = Dictionary(members.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
        guard var encoded = typeHashes[type] else { throw Self.malformed("there is no type '\(type.prefix(40))'") }
        for field in types[type] ?? [] {
            encoded += try word(field.type, values[Array(field.name.utf8)] ?? .null, depth + 1, field.name)
        }
        return Keccak256.hash(encoded)
    }

    /// The type with its fields, followed by the structs that it uses, in the order of their names' bytes.
    private static func encodedType(_ type: String, _ types: Named<[Field]>) -> String {
        let others = used(by: type, types).dropFirst().sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return ([type] + others).map { name in
            name + "(" + (types[name] ?? []).map { "\($0.type) \($0.name)" }.joined(separator: ",") + ")"
        }
        .joined()
    }

    /// A type, first, and the structs that it uses.
    private static func used(by type: String, _ types: Named<[Field]>) -> [String] {
        var (used, known): ([String], Named<Bool>) = ([], Named())
        var open = [type]
        while let next = open.popLast() {
            guard let fields = types[next], known[next] == nil else { continue }
            known[next] = true
            used.append(next)
            open += fields.map { element($0.type) }.filter { types[$0] != nil }
        }
        return used
    }

    /// A number as a type writes it: digits without a sign or a leading zero.
    private static func number(_ text: some StringProtocol) -> Int? {
        let isCanonical = (1...9).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isCanonical, text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text)
    }

    /// A list's type without its brackets.
    private static func element(_ type: String) -> String { String(type.prefix { $0 != "[" }) }

    private func word(_ type: String, _ value: JSONValue, _ depth: Int, _ name: String) throws(EVMError) -> [UInt8] {
        guard depth < Self.maximumDepth else { throw EVMError(.tooLarge, "values are nested too deep") }
        if type.hasSuffix("]"), let bracket = type.lastIndex(of: "[") {
            guard let elements = value.arrayValue else { throw Self.malformed("'\(name)' is a list") }
            let count = type[type.index(after: bracket)...].dropLast()
            guard count.isEmpty || Self.number(count) == elements.count else {
                throw Self.malformed("'\(name)' has \(count) elements")
            }
            var encoded: [UInt8] = []
            let inner = String(type[..<bracket])
            for element in elements { encoded += try word(inner, element, depth + 1, name) }
            return Keccak256.hash(encoded)
        }
        if types[type] != nil {
            // A missing struct is zero, as in the reference implementations.
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
        if type.hasPrefix("bytes"), let count = number(type.dropFirst(5)), (1...32).contains(count) {
            let bytes = try bytes(value, name)
            guard bytes.count == count else { throw malformed("'\(name)' has \(count) bytes") }
            return bytes + [UInt8](repeating: 0, count: 32 - count)
        }
        let isSigned = type.hasPrefix("int")
        guard isSigned || type.hasPrefix("uint"), let bits = number(type.dropFirst(isSigned ? 3 : 4)),
            (8...256).contains(bits),
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
        // A minus sign is allowed only before decimal digits, and a plus sign never.
        let digits = isHex ? text.dropFirst(2) : text.hasPrefix("-") ? text.dropFirst() : text[...]
        let areDigits = !digits.isEmpty && digits.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2D }
        guard text.utf8.count <= 80, areDigits, let magnitude = BigInt(digits, radix: isHex ? 16 : 10) else {
            throw malformed("'\(name)' is an integer")
        }
        let number = text.hasPrefix("-") ? -magnitude : magnitude
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
