import Cryptography
import FixtureTelegram
import Gateway
import HTTPMessages
import Routing
import Sandbox
import Scenarios
import Seams
import StrictJSON
import Testing

/// The gate of the process removes secrets from the answers of all nodes.
///
/// A word that somebody outside has chosen must
/// not be among them: the answers would lose a contract's address, or the comment of another merchant's invoice.
@Suite("A word that a merchant or a stranger has chosen")
struct ChosenWordTests {
    /// A word of a chain that occurs in no other test.
    private static func address() -> String { "0x" + Hex.encode(SystemRandom().bytes(20)) }

    private static func isKept(_ word: String) -> Bool {
        let answer = "{\"to\":\"\(word)\",\"comment\":\"\(word)\"}"
        return PeerText(answer).description == answer
            && SecretGate.shared.cut(Array(answer.utf8)) == Array(answer.utf8)
    }

    @Test("stays in the nodes' answers when it is a bot's token that Telegram refuses")
    func refusedToken() async throws {
        try await withWorld { world in
            let word = Self.address()
            let body: JSONValue = ["token": .string("4545454545:\(word)"), "stars": .bool(true)]
            let answer = await world.gateway.router.respond(
                to: InterfaceTests.request(world, "POST", "/v1/bots", body)
            )
            #expect(answer.status == 422)
            #expect(Self.isKept(word))
        }
    }

    @Test("stays in the nodes' answers when it is a bot's provider token")
    func providerToken() async throws {
        try await withWorld { world in
            let (word, token) = (Self.address(), "4343434343:\(Hex.encode(SystemRandom().bytes(18)))")
            world.networks.telegram.addBot(token: token, providerToken: nil)
            let body: JSONValue = [
                "token": .string(token), "stars": .bool(true), "provider_token": .string("=\(word)="),
                "currencies": ["EUR"],
            ]
            let answer = await world.gateway.router.respond(
                to: InterfaceTests.request(world, "POST", "/v1/bots", body)
            )
            #expect(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
            #expect(Self.isKept(word))
            // Telegram knows the token, which is random: it is hidden.
            #expect(PeerText("bot\(token)").description == "bot[redacted]")
        }
    }

    @Test("stays in the nodes' answers while a sealed message or a customer's data is in memory")
    func sealedText() throws {
        let key = SealingKey(SecretBytes.random(count: 32, from: SystemRandom()), random: SystemRandom())
        let word = Self.address()
        let message = SecretBytes(Array("{\"text\":\"=\(word)=\"}".utf8))
        let sealed = try key.seal(message, for: "a message")
        let opened = try key.open(sealed, for: "a message")
        #expect(Self.isKept(word))
        withExtendedLifetime((message, opened)) {}
    }
}
