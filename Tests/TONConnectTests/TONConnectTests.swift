import Cryptography
import HTTPMessages
import Seams
import StrictJSON
import TONConnect
import Testing

@Suite("TON Connect")
struct TONConnectTests {
    private static func keys(_ hex: String) throws -> SessionKeys {
        try SessionKeys(secret: SecretBytes(try Hex.decode(hex)))
    }

    // RFC 7748, section 6.1.
    private static let alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    private static let alicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    private static let bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
    private static let bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"

    @Test("a session's identifier is its X25519 public key")
    func names() throws {
        #expect(try Self.keys(Self.alice).clientID == Self.alicePublic)
        #expect(try Self.keys(Self.bob).clientID == Self.bobPublic)
    }

    @Test("a sealed message opens for the other side only, and not with a changed bit")
    func sealing() throws {
        let (alice, bob) = (try Self.keys(Self.alice), try Self.keys(Self.bob))
        let stranger = try SessionKeys(random: SystemRandom())
        for length in [0, 1, 24, 1_000] {
            let message = [UInt8](repeating: 7, count: length)
            let sealed = try alice.seal(message, for: bob.clientID, random: SystemRandom())
            #expect(try bob.open(sealed, from: alice.clientID) == message)
            #expect(throws: TONConnectError.self) { try stranger.open(sealed, from: alice.clientID) }
            #expect(throws: TONConnectError.self) { try bob.open(sealed, from: stranger.clientID) }
            var bytes = try Base64.decode(sealed)
            for place in stride(from: 0, to: bytes.count, by: 11) {
                bytes[place] ^= 1
                #expect(throws: TONConnectError.self) { try bob.open(Base64.encode(bytes), from: alice.clientID) }
                bytes[place] ^= 1
            }
        }
    }

    @Test("malformed messages and identifiers are refused", arguments: ["", "x", "AAAA", "====", "\u{1F600}"])
    func refused(text: String) throws {
        let alice = try Self.keys(Self.alice)
        #expect(throws: TONConnectError.self) { try alice.open(text, from: Self.bobPublic) }
        #expect(throws: TONConnectError.self) {
            try alice.open(Base64.encode([UInt8](repeating: 0, count: 60)), from: text)
        }
        #expect(throws: TONConnectError.self) { try alice.seal([1], for: text, random: SystemRandom()) }
    }

    // MARK: - Links

    /// Links as pytonconnect 0.4.0 makes them.
    static let links = [
        (
            "https://app.tonkeeper.com/ton-connect",
            """
            https://app.tonkeeper.com/ton-connect?v=2&id=\(String(repeating: "ab", count: 32))&r=%7B%22manifestUrl%22%3A\
            %22https%3A%2F%2Fpay.example.com%2Ftonconnect-manifest.json%22%2C%22items%22%3A%5B%7B%22name%22%3A%22ton_addr\
            %22%7D%5D%7D&ret=back
            """
        ),
        (
            "https://t.me/wallet?attach=wallet",
            """
            https://t.me/wallet?attach=wallet&startattach=tonconnect-v__2-id__\(String(repeating: "ab", count: 32))-r__\
            --7B--22manifestUrl--22--3A--22https--3A--2F--2Fpay--2Eexample--2Ecom--2Ftonconnect--2Dmanifest--2Ejson--22\
            --2C--22items--22--3A--5B--7B--22name--22--3A--22ton--5Faddr--22--7D--5D--7D-ret__back
            """
        ),
    ]

    @Test("links equal those of another implementation", arguments: links)
    func link(universal: String, expected: String) {
        let wallet = WalletEntry(appName: "w", name: "W", universalURL: universal, bridge: "https://bridge")
        let link = ConnectLink.url(
            to: wallet,
            client: String(repeating: "ab", count: 32),
            manifest: "https://pay.example.com/tonconnect-manifest.json"
        )
        #expect(link == expected)
    }

    @Test("a list leaves out wallets without an HTTP bridge, and refuses malformed entries")
    func list() throws {
        let list = """
            [{"app_name":"a","name":"A","universal_url":"https://a","bridge":[{"type":"js","key":"a"},
            {"type":"sse","url":"https://b/"}]},{"app_name":"b","name":"B","bridge":[{"type":"js","key":"b"}]}]
            """
        let wallets = try WalletEntry.list(try JSONValue(parsing: Array(list.utf8)))
        #expect(wallets == [WalletEntry(appName: "a", name: "A", universalURL: "https://a", bridge: "https://b")])
        let bad = [
            "{}", #"[{"name":"A","universal_url":"https://a","bridge":[{"type":"sse","url":"https://b"}]}]"#,
            #"[{"app_name":"a","name":"A","universal_url":"javascript:1","bridge":[{"type":"sse","url":"https://b"}]}]"#,
            #"[{"app_name":"a","name":"A","universal_url":"https://a","bridge":[{"type":"sse","url":"file:///b"}]}]"#,
        ]
        for text in bad {
            let value = try JSONValue(parsing: Array(text.utf8))
            #expect(throws: TONConnectError.self) { try WalletEntry.list(value) }
        }
    }

    // MARK: - Messages

    static let messages: [(String, WalletMessage?)] = [
        (
            #"{"event":"connect","id":1,"payload":{"items":[{"name":"ton_addr","address":"0:aa","network":"-3"}]}}"#,
            .connected(account: "0:aa", network: "-3")
        ),
        (
            #"{"event":"connect_error","id":1,"payload":{"code":300,"message":"no"}}"#,
            .refusedToConnect(reason: "no")
        ),
        (#"{"event":"disconnect","id":2,"payload":{}}"#, .disconnected),
        (#"{"event":"later_invention","id":2}"#, nil),
        (#"{"id":"1","result":"te6c"}"#, .sent(request: "1", message: "te6c")),
        (#"{"id":1,"result":"te6c"}"#, .sent(request: "1", message: "te6c")),
        (
            #"{"id":"1","error":{"code":300,"message":"no"}}"#,
            .refused(request: "1", isByCustomer: true, reason: "no")
        ),
        (#"{"id":"1","error":{"code":1}}"#, .refused(request: "1", isByCustomer: false, reason: "")),
    ]

    @Test("wallets' messages are read", arguments: messages)
    func reading(text: String, expected: WalletMessage?) throws {
        #expect(try WalletMessage(Array(text.utf8)) == expected)
    }

    @Test(
        "malformed wallet messages are refused",
        arguments: ["", "[]", "{}", #"{"event":"connect","payload":{}}"#, #"{"result":"x"}"#, "\u{0}"]
    )
    func malformed(text: String) {
        #expect(throws: TONConnectError.self) { try WalletMessage(Array(text.utf8)) }
    }

    // MARK: - Streams

    private static let stream = """
        : a comment\r\nevent: heartbeat\ndata: heartbeat\n\nid: 7\rdata: one\rdata: two\r\revent: message\r\nid:8\r\n\
        data:three\r\n\r\ndata\n\nretry: 10\n\nevent: lonely\n\n
        """

    private static let events = ["heartbeat - heartbeat", "message 7 one\ntwo", "message 8 three", "message 8 "]

    @Test("a stream is read the same however it is cut into pieces", arguments: 1...40)
    func pieces(size: Int) throws {
        var reader = EventStreamReader()
        let bytes = Array(Self.stream.utf8)
        var found: [EventStreamReader.Event] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            found += try reader.read(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(found.map { "\($0.type) \($0.id ?? "-") \($0.data)" } == Self.events)
    }

    @Test("an endless event is given up before it fills the memory")
    func endless() throws {
        var reader = EventStreamReader()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        #expect(throws: HTTPTransportError.self) {
            for _ in 0..<8 { _ = try reader.read(piece) }
        }
    }
}
