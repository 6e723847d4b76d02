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
        "refuses what is no type or no value",
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
        "takes what is one",
        arguments: [
            ("uint8", "5"), ("uint8", "\"0x5\""), ("int8", "\"-5\""), ("int8", "-5"), ("bytes4", "\"0x01020304\""),
            ("uint256[1]", "[1]"), ("Inner", "{\"a\": 1}"), ("Inner[]", "[{\"a\": 1}]"),
        ]
    )
    func taken(type: String, value: String) throws {
        #expect(try digest(type, value).count == 32)
    }

    @Test("refuses more types than it reads in time")
    func tooMany() {
        let types = (0..<300).map { "\"T\($0)\": []" }.joined(separator: ", ")
        let json =
            "{\"types\": {\"EIP712Domain\": [], \(types)}, \"primaryType\": \"T0\", \"domain\": {}, \"message\": {}}"
        #expect(throws: EVMError.self) { try TypedData(JSONValue(parsing: Array(json.utf8))) }
    }
}
