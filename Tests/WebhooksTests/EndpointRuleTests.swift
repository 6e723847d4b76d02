import Testing
import Webhooks

@Suite("The address of an endpoint")
struct EndpointRuleTests {
    @Test(
        "is an https address with a port that exists, or an http one where private addresses are allowed",
        arguments: [
            ("https://shop.example/events", true, true), ("https://shop.example:8443/", true, true),
            ("http://shop.example/events", true, false), ("http://127.0.0.1:65535/", true, false),
            ("https://shop.example:65536/", false, false), ("https://shop.example:0/", false, false),
            ("https://shop.example:080/", false, false), ("HTTPS://shop.example/", false, false),
            ("ftp://shop.example/", false, false), ("https://a@shop.example/", false, false), ("", false, false),
        ]
    )
    func addresses(url: String, inside: Bool, outside: Bool) {
        #expect(EndpointRule(allowsPrivateAddresses: true).takes(url) == inside)
        #expect(EndpointRule(allowsPrivateAddresses: false).takes(url) == outside)
    }

    @Test("is refused for http by the rule exactly when the transport refuses it", arguments: [true, false])
    func transport(allowsPrivateAddresses: Bool) {
        let rule = EndpointRule(allowsPrivateAddresses: allowsPrivateAddresses)
        #expect(rule.httpsOnly == !rule.takes("http://shop.example/"))
    }
}
