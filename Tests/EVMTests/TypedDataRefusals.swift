import EVM
import StrictJSON
import Testing

@Suite("Typed data (EIP-712)")
struct TypedDataRefusals {
    private func digest(_ type: String, _ value: String) throws -> [UInt8] {
        let json = """
            {"types": {"EIP712Domain": [], "Inner": [{"name": "a", "type": "uint8"}],
            "Outer": [{"name": "value", "type": "\(type)"}]},
            "primaryType": "Outer", "domain": {}, "message": {"value": \(value)}}
            """
        return try TypedData(JSONValue(parsing: Array(json.utf8))).digest()
    }

    @Test(
        "refuses malformed types and values",
        arguments: [
            ("uint08", "1"), ("uint+8", "1"), ("uint", "1"), ("int-8", "1"), ("bytes+4", "\"0x01020304\""),
            ("bytes04", "\"0x01020304\""), ("uint256[+1]", "[1]"), ("uint256[01]", "[1]"), ("uint8", "\"+5\""),
            ("uint8", "\"0x-5\""), ("uint8", "\"0x+5\""), ("int8", "\"0x-5\""), ("int8", "\"--5\""), ("int8", "\"-\""),
            ("uint8", "\"\""), ("uint8", "\"0x\""), ("Inner", "5"), ("Inner", "[]"), ("Inner", "\"text\""),
        ]
    )
    func refused(type: String, value: String) {
        #expect(throws: EVMError.self) { try digest(type, value) }
    }

    @Test(
        "takes well-formed types and values",
        arguments: [
            ("uint8", "5"), ("uint8", "\"0x5\""), ("int8", "\"-5\""), ("int8", "-5"), ("bytes4", "\"0x01020304\""),
            ("uint256[1]", "[1]"), ("Inner", "{\"a\": 1}"), ("Inner[]", "[{\"a\": 1}]"),
        ]
    )
    func taken(type: String, value: String) throws {
        #expect(try digest(type, value).count == 32)
    }

    /// A document with a chain of types: each has one field, of the next type, and a name of `nameBytes` bytes.
    private func chain(_ count: Int, nameBytes: Int) -> String {
        let padding = String(repeating: "x", count: nameBytes - 4)
        let names = (0...count).map { "T\(100 + $0)" + padding }
        let types = (0..<count).map { "\"\(names[$0])\": [{\"name\": \"next\", \"type\": \"\(names[$0 + 1])\"}]" }
        return """
            {"types": {"EIP712Domain": [], \(types.joined(separator: ", ")), "\(names[count])": []},
            "primaryType": "\(names[0])", "domain": {}, "message": {}}
            """
    }

    @Test("bounds types and names, so that the cost grows in step with a document's size")
    func bounded() throws {
        func read(_ text: String) throws { _ = try TypedData(JSONValue(parsing: Array(text.utf8))) }
        try read(chain(3, nameBytes: 256))
        // A name is looked up for every value.
        #expect(throws: EVMError(.tooLarge, "")) { try read(chain(3, nameBytes: 257)) }
        // Each type's text holds those of all after it: a document of 150 kB would have texts of 19 MB.
        try read(chain(40, nameBytes: 256))
        #expect(throws: EVMError(.tooLarge, "")) { try read(chain(250, nameBytes: 256)) }
        // A struct of many fields is looked through once, and equal JSON keys are refused when it is read.
        let fields = (0..<2_000).map { "{\"name\": \"f\($0)\", \"type\": \"uint8\"}" }.joined(separator: ", ")
        let values = (0..<2_000).map { "\"f\($0)\": 1" }.joined(separator: ", ")
        let wide = """
            {"types": {"EIP712Domain": [], "W": [\(fields)]}, "primaryType": "W", "domain": {}, "message": {\(values)}}
            """
        #expect(try TypedData(JSONValue(parsing: Array(wide.utf8))).digest().count == 32)
    }

    @Test("refuses a document with too many types")
    func tooMany() {
        let types = (0..<300).map { "\"T\($0)\": []" }.joined(separator: ", ")
        let json =
            "{\"types\": {\"EIP712Domain\": [], \(types)}, \"primaryType\": \"T0\", \"domain\": {}, \"message\": {}}"
        #expect(throws: EVMError.self) { try TypedData(JSONValue(parsing: Array(json.utf8))) }
    }
}
