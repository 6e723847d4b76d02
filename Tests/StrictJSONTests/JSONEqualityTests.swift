import Seams
import StrictJSON
import Testing

@Suite("Two JSON values")
struct JSONEqualityTests {
    @Test("are equal, with equal hashes, exactly when they are written with the same bytes")
    func law() {
        let alike = ["\u{E9}", "e\u{301}", "K", "\u{212A}", "\u{C5}", "\u{212B}"]
        func values(_ text: String) -> [JSONValue] {
            [
                .string(text), [.string(text), .null], .object([.init(text, .bool(true))]),
                .object([.init("k", .string(text))]),
            ]
        }
        for one in alike.flatMap(values) {
            for other in alike.flatMap(values) {
                #expect((one == other) == (one.bytes == other.bytes), "\(one.text) and \(other.text)")
                if one == other { #expect(one.hashValue == other.hashValue) }
            }
        }
        #expect(Set(alike.flatMap(values)).count == alike.count * 4)
    }
}
