import StrictJSON
import Testing

@Suite("Faults of JSON")
struct JSONPlaceTests {
    @Test(
        "name their member",
        arguments: [
            (#"{"title": "\ud800"}"#, "title"), (#"{"lines": [{}, {"title": "\udc00x"}]}"#, "lines[1].title"),
            (#"["\ud800"]"#, "[0]"), (#"{"a": {"b": "\ud800\u0041"}}"#, "a.b"), (#""\ud800""#, ""),
        ]
    )
    func places(text: String, place: String) throws {
        do {
            _ = try JSONValue(parsing: Array(text.utf8))
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.code == .loneSurrogate)
            #expect(error.place == place)
        }
    }
}
