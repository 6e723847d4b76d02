import Seams
import StrictJSON
import Testing

@Suite("Slices of JSON text")
struct JSONSlicesTests {
    private func elements(_ text: String) -> [String]? {
        JSONSlices.elements(of: "result", in: Array(text.utf8))?.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("give each element of a list as written")
    func found() {
        #expect(elements(#"{"ok":true,"result":[]}"#) == [])
        #expect(
            elements(#" { "a" : [1,{"result":[2]}] , "result" : [ 1 , "x,]\"" , {"b":[{}]} , null ] } "#)
                == ["1", #""x,]\"""#, #"{"b":[{}]}"#, "null"]
        )
        #expect(
            elements(#"{"result":[{"a":"\ud800"},{"a":1,"a":2},{"a":01}]}"#)
                == [#"{"a":"\ud800"}"#, #"{"a":1,"a":2}"#, #"{"a":01}"#]
        )
    }

    @Test(
        "are none when there is no such list",
        arguments: ["", "{", "[]", "{}", #"{"result":{}}"#, #"{"result":5}"#, #"{"other":[1]}"#, #"{"result""#, "\""]
    )
    func missing(text: String) { #expect(elements(text) == nil) }

    @Test("are none of a truncated text, because the rest may come when it is asked for again")
    func cut() {
        let whole = #"{"result":[1,{"a":2},{"b":"c"}]"#
        for count in 0..<whole.utf8.count { #expect(elements(String(whole.prefix(count))) == nil) }
        #expect(elements(whole)?.count == 3)
    }

    @Test("read an integer of the outermost object only")
    func integers() {
        func number(_ text: String) -> Int64? { JSONSlices.integer("update_id", in: Array(text.utf8)) }
        #expect(number(#"{"a":{"update_id":1},"b":"\"update_id\":2","update_id":3,"c":tru}"#) == 3)
        for text in [#"{"update_id":"3"}"#, #"{"update_id":3.5}"#, #"{"update_id":99999999999999999999}"#, "{}", ""] {
            #expect(number(text) == nil)
        }
    }

    @Test("agree with the parser on valid text, and take any other text without stopping")
    func agreement() throws {
        let seed: UInt64 = 20_261_130
        let random = SeededRandom(seed: seed)
        let pieces = [
            "1", "-2.5e3", "\"a\"", "\"\\\"]\"", "\"\\\\\"", "true", "null", "[]", "{}", "[1,[2,{\"k\":[]}]]",
            "{\"a\":{\"b\":\"}\"}}",
        ]
        for round in 0..<500 {
            let bytes = random.bytes(12)
            let chosen = bytes[..<Int(bytes[11] % 8)].map { pieces[Int($0) % pieces.count] }
            let text = "{\"x\":[9],\"result\": [" + chosen.joined(separator: bytes[10] % 2 == 0 ? "," : " , ") + "] }"
            #expect(elements(text) == chosen, "seed \(seed), round \(round)")
            _ = try JSONValue(parsing: Array(text.utf8))
            // Damaged at any byte, the reading ends.
            var damaged = Array(text.utf8)
            damaged[Int(bytes[9]) % damaged.count] = bytes[8]
            _ = JSONSlices.elements(of: "result", in: damaged)
            _ = JSONSlices.elements(of: "result", in: Array(damaged.prefix(Int(bytes[7]) % damaged.count)))
        }
    }

    @Test("halves of surrogate pairs are refused, or replaced alone where the limits say so")
    func halves() throws {
        func read(_ text: String, _ replaces: Bool) throws -> JSONValue {
            try JSONValue(parsing: Array(text.utf8), limits: JSONLimits(repairsTexts: replaces))
        }
        for (text, expected) in [
            (#""\ud800""#, "\u{FFFD}"), (#""a\udfffb""#, "a\u{FFFD}b"), (#""\ud800\u0041""#, "\u{FFFD}A"),
            (#""\ud800\ud800\udc00""#, "\u{FFFD}\u{10000}"), (#""\ud800\n""#, "\u{FFFD}\n"),
        ] {
            #expect(throws: JSONError.self) { try read(text, false) }
            #expect(try read(text, true).stringValue == expected)
        }
        #expect(try read(#""\ud83d\ude00""#, true).stringValue == "\u{1F600}")
    }
}
