import Cryptography
import Seams
import StrictJSON
import TON

/// The input of a request, read by type.
struct InspectionInput: Sendable {
    let value: JSONValue

    private func missing(_ name: String, _ what: String) -> Inspection.Failure {
        Inspection.Failure("invalid_input", "'\(name)' is missing or no \(what)")
    }

    func text(_ name: String) throws -> String {
        guard let text = value[name]?.stringValue else { throw missing(name, "string") }
        return text
    }

    func optionalText(_ name: String) throws -> String? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let text = member.stringValue else { throw missing(name, "string") }
        return text
    }

    /// An integer, as a number or as digits.
    func optionalInteger(_ name: String) throws -> Int64? {
        guard let member = value[name], !member.isNull else { return nil }
        if let integer = member.integerValue { return integer }
        guard let text = member.stringValue, let integer = Int64(text), "\(integer)" == text else {
            throw missing(name, "integer")
        }
        return integer
    }

    func integer(_ name: String) throws -> Int64 {
        guard let integer = try optionalInteger(name) else { throw missing(name, "integer") }
        return integer
    }

    func uint32(_ name: String) throws -> UInt32 {
        guard let value = UInt32(exactly: try integer(name)) else { throw missing(name, "integer of 32 bits") }
        return value
    }

    func optionalUInt32(_ name: String) throws -> UInt32? {
        guard let integer = try optionalInteger(name) else { return nil }
        // Wallet identifiers are also written as signed integers.
        if let value = UInt32(exactly: integer) { return value }
        guard let signed = Int32(exactly: integer) else { throw missing(name, "integer of 32 bits") }
        return UInt32(bitPattern: signed)
    }

    func flag(_ name: String) throws -> Bool {
        guard let member = value[name], !member.isNull else { return false }
        guard let flag = member.boolValue else { throw missing(name, "boolean") }
        return flag
    }

    func bytes(_ name: String) throws -> [UInt8] { try Hex.decode(Self.bare(try text(name))) }

    func secret(_ name: String) throws -> SecretBytes { SecretBytes(try bytes(name)) }

    private static func bare(_ text: String) -> String { text.hasPrefix("0x") ? String(text.dropFirst(2)) : text }

    func cell(_ name: String) throws -> Cell { try BagOfCells.root(ofText: try text(name)) }

    func moment(_ name: String) throws -> Timestamp { Timestamp(seconds: try integer(name)) }

    func duration(_ name: String) throws -> Duration { .seconds(try integer(name)) }

    func array(_ name: String) throws -> [InspectionInput] {
        guard let array = value[name]?.arrayValue else { throw missing(name, "array") }
        return array.map(InspectionInput.init)
    }
}
