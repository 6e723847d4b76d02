import Payments
import Testing

@Suite("Addresses of the web")
struct WebAddressTests {
    private static let table = [
        "https://shop.example": true, "http://127.0.0.1:3000/events": true, "https://shop.example?a=b#c": true,
        "https://xn--bcher-kva.example/%20": true, "https://a/[x]": false, "https://a/?b|c": false,
        "https://a/%2": false, "https://a/%zz": false, "https://a#b#c": false,
        "https://a/{b}": false, "https://a/%C3%A9?x=1&y='(2)'#!/z": true, "https://a#": true, "https://a?": true,
        "https://A.B-C:65535/": true,
        "": false, "https://": false, "https://:80": false, "https://a:": false, "https://a:123456": false,
        "https://[::1]/": false, "https://a b": false, "https://user@a": false, "HTTPS://a": false, "//a": false,
        "https://.a": false, "https://a.": false, "https://a_b": false, "https://\u{e9}": false, "https://a\n": false,
    ]

    @Test("are accepted as the pattern of the OpenAPI document accepts them", arguments: table.keys.sorted())
    func isValid(text: String) throws {
        let pattern = try Regex(WebAddress.pattern)
        #expect(WebAddress.isValid(text) == Self.table[text])
        #expect((text.wholeMatch(of: pattern) != nil) == Self.table[text])
    }

    @Test("have a maximum length")
    func limit() {
        let start = "https://a/"
        #expect(WebAddress.isValid(start + String(repeating: "a", count: WebAddress.maximumBytes - start.count)))
        #expect(!WebAddress.isValid(start + String(repeating: "a", count: WebAddress.maximumBytes - start.count + 1)))
    }
}
