import HTTPMessages
import Testing

@testable import Checkout

@Suite("A visitor")
struct VisitorTests {
    private func visitor(from peer: String, forwarded: String?) -> String? {
        var request = HTTPRequest(
            method: "POST",
            url: "/buy/x",
            fields: forwarded.map { [HTTPField("X-Forwarded-For", $0)] } ?? []
        )
        request.peer = peer
        return Visitor(request)?.text
    }

    @Test(
        "is the last address that our own proxy names, in any notation",
        arguments: [
            "9.9.9.9", "9.9.9.9:1234", "1.2.3.4, 9.9.9.9", "::ffff:9.9.9.9", "[::ffff:9.9.9.9]:80", " 9.9.9.9 ",
        ]
    )
    func forwarded(entry: String) {
        #expect(visitor(from: "127.0.0.1", forwarded: entry) == visitor(from: "9.9.9.9", forwarded: nil))
    }

    @Test("is the proxy itself when its entry is unreadable, so that the limits still apply")
    func unreadable() {
        let counted = ["unknown", "_hidden", "9.9.9.9.9", "[", "]:", ":", "é"].map {
            visitor(from: "127.0.0.1", forwarded: $0)
        }
        #expect(Set(counted).count == 1 && counted[0] != nil)
    }

    @Test("is a whole IPv6 network, with and without a port")
    func network() {
        let first = visitor(from: "10.0.0.1", forwarded: "2001:db8:1:2::3")
        #expect(first == visitor(from: "10.0.0.1", forwarded: "[2001:db8:1:2:ffff::9]:443"))
        #expect(first != visitor(from: "10.0.0.1", forwarded: "2001:db8:1:3::3"))
    }

    @Test("at a public address cannot name another address")
    func lying() {
        #expect(visitor(from: "9.9.9.9", forwarded: "8.8.8.8") == visitor(from: "9.9.9.9", forwarded: nil))
    }
}
