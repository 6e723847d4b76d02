import Testing

@testable import GatewayHTTP

@Suite("Where events may be sent")
struct EndpointAddressTests {
    @Test(
        "is an https address, or in test mode an http one, with a port that exists",
        arguments: [
            ("https://shop.example/events", true, true), ("https://shop.example:8443/", true, true),
            ("http://shop.example/events", true, false), ("http://127.0.0.1:65535/", true, false),
            ("https://shop.example:65536/", false, false), ("https://shop.example:0/", false, false),
            ("https://shop.example:080/", false, false), ("HTTPS://shop.example/", false, false),
            ("ftp://shop.example/", false, false), ("https://a@shop.example/", false, false), ("", false, false),
        ]
    )
    func addresses(url: String, inTest: Bool, live: Bool) {
        #expect(GatewayAPI.Mode.test.takes(endpoint: url) == inTest)
        #expect(GatewayAPI.Mode.live.takes(endpoint: url) == live)
    }
}
