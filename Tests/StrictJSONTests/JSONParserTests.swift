import Seams
import StrictJSON
import Testing

@Suite("JSON from outside")
struct JSONParserTests {
    @Test(
        "is refused when it is not valid JSON",
        arguments: [
            "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "+1", "1.", ".1", "1e", "-", "NaN",
            "Infinity",
            "0x10", "nul", "truefalse", "\"\u{0}\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
            "[1] 2",
            "\"\t\"", "// c\n1", "1 2", "\u{FEFF}1",
        ]
    )
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test("is refused when a key comes twice, also as an escape")
    func duplicates() {
        for text in [#"{"a":1,"a":2}"#, #"{"amount":"1","amo\u0075nt":"1000"}"#] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
        }
    }

    @Test("keeps canonically equivalent keys apart, as databases do")
    func normalisation() throws {
        let value = try JSONValue(parsing: Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8))
        #expect(value.members?.count == 2)
        #expect(value["\u{e9}"]?.integerValue == 1)
        #expect(value["e\u{301}"]?.integerValue == 2)
    }

    @Test("keeps numbers as written, and reads as integers those that JSON Schema calls integers")
    func numbers() throws {
        let text = "[1.0, 1e2, 123456789012345678901234567890, 1.5, -7.000, 0.0]"
        let value = try #require(try JSONValue(parsing: Array(text.utf8)).arrayValue)
        #expect(value[0] == .number("1.0"))
        #expect(value[2] == .number("123456789012345678901234567890"))
        #expect(value.map(\.integerValue) == [1, nil, nil, nil, -7, 0])
    }

    @Test("is refused when it nests too deep", arguments: [100, 1_000, 100_000, 400_000])
    func depth(levels: Int) {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: levels)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test(
        "is refused when it is not UTF-8",
        arguments: [[0x22, 0xC0, 0xAF, 0x22], [0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]]
    )
    func encoding(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test(
        "is read with U+FFFD in place of invalid text, where a peer's message must not be lost",
        arguments: [
            (#""a\ud83db""#, "a\u{FFFD}b"), (#""\udc00""#, "\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
            (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\ude00""#, "\u{1F600}"), ("\"\u{1}\"", "\u{FFFD}"),
        ]
    )
    func repairing(text: String, read: String) throws {
        // U+0001 stands for a byte that is not valid in UTF-8.
        let bytes = Array(text.utf8).map { $0 == 1 ? 0xFF : $0 }
        let limits = JSONLimits(repairsTexts: true)
        #expect(try JSONValue(parsing: bytes, limits: limits).stringValue.map { Array($0.utf8) } == Array(read.utf8))
        #expect((try? JSONValue(parsing: bytes)) == nil || text.contains("ude00"))
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes + [UInt8(ascii: "x")], limits: limits) }
    }

    @Test("is the same after it is written and read")
    func roundTrip() throws {
        let seed: UInt64 = 4
        let random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let value = Self.value(random, depth: 0)
            #expect(try JSONValue(parsing: value.bytes) == value, "seed \(seed)")
        }
    }

    @Test("never ends the process, whatever is changed in it")
    func mutations() throws {
        let seed: UInt64 = 5
        let random = SeededRandom(seed: seed)
        let base = Self.value(random, depth: 0).bytes + Array(#"{"a":[1,"\u00e9",null,true,{"b":-1.5e3}]}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = base
            for _ in 0..<(1 + random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? JSONValue(parsing: bytes)
        }
    }

    private static func value(_ random: SeededRandom, depth: Int) -> JSONValue {
        switch random.next() % (depth < 4 ? 6 : 4) {
        case 0: return .null
        case 1: return .bool(random.next() % 2 == 0)
        case 2: return .integer(Int64(bitPattern: random.next()))
        case 3: return .string(String(decoding: random.bytes(6), as: UTF8.self))
        case 4: return .array((0..<(random.next() % 4)).map { _ in value(random, depth: depth + 1) })
        default:
            return .object((0..<(random.next() % 4)).map { .init("k\($0)", value(random, depth: depth + 1)) })
        }
    }
}
