import Cryptography
import Testing

@Suite("A secret that is stored sealed")
struct SealingKeyTests {
    private let random = SystemRandom()

    private func key(_ byte: UInt8) -> SealingKey {
        SealingKey(SecretBytes([UInt8](repeating: byte, count: 32)), random: random)
    }

    @Test("opens with the same key and for the same purpose only", arguments: [0, 1, 32, 1_000])
    func purposes(length: Int) throws {
        let secret = [UInt8](repeating: 0x41, count: length)
        let sealed = try key(1).seal(SecretBytes(secret), for: "bot_1 token")
        #expect(try key(1).open(sealed, for: "bot_1 token").withUnsafeBytes { Array($0) } == secret)
        #expect(throws: CryptographyError.self) { try key(2).open(sealed, for: "bot_1 token") }
        for other in ["bot_2 token", "bot_1 secret", "", "bot_1 token "] {
            #expect(throws: CryptographyError.self, "\(other)") { try key(1).open(sealed, for: other) }
        }
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(throws: CryptographyError.self) { try key(1).open(changed, for: "bot_1 token") }
        }
    }

    @Test("is sealed differently each time, so that equal secrets do not look alike")
    func nonces() throws {
        let secret = SecretBytes([1, 2, 3])
        #expect(try key(1).seal(secret, for: "a") != key(1).seal(secret, for: "a"))
    }
}
