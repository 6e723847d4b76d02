import Cryptography
import Seams
import Testing

@Suite("Secrets and encodings")
struct SecretsAndEncodingTests {
    @Test("a secret prints as redacted, whichever way it is printed")
    func redaction() throws {
        let secret = SecretBytes(bytes("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"))
        var dumped = ""
        dump(secret, to: &dumped)
        for printed in ["\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(printed.contains("‹redacted›"))
            #expect(!printed.contains("17") && !printed.contains("0x11") && !printed.contains("2233"), "\(printed)")
        }
        let keys: [Any] = [try Secp256k1.PrivateKey(secret), try Ed25519.PrivateKey(seed: secret)]
        for key in keys {
            var dumped = ""
            dump(key, to: &dumped)
            #expect("\(key)" == "‹redacted›")
            #expect(!dumped.contains("34"), "\(dumped)")
        }
    }

    @Test("keys and seeds, given and derived, lie in memory that is locked and left out of core dumps")
    func lockedMemory() throws {
        let seed = SecretBytes(bytes(String(repeating: "0123456789abcdef", count: 4)))
        let master = try ExtendedSecp256k1Key(seed: seed)
        let path = KeyPath(steps: [44 + KeyPath.hardened, 60 + KeyPath.hardened, 7])
        let signing = try ExtendedEd25519Key(seed: seed).derived(KeyPath(steps: [44 + KeyPath.hardened]))
        for secret in [seed, master.key.secret, try master.derived(path).key.secret, signing.seed] {
            #expect(secret.isLocked && secret.count == 32)
        }
        // Secrets that are too large for a key lie outside the locked memory.
        #expect(!SecretBytes([UInt8](repeating: 1, count: 1 << 15)).isLocked)
    }

    @Test("a secret is cut out of peers' texts for as long as it is in memory")
    func hidden() {
        let text = "a secret that is held for a while \(Hex.encode(SystemRandom().bytes(8)))"
        do {
            let secret = SecretBytes(Array(text.utf8))
            secret.hideWhileHeld()
            secret.hideWhileHeld()
            #expect(PeerText("they say: \(text)").description == "they say: [redacted]")
            withExtendedLifetime(secret) {}
        }
        #expect(PeerText("they say: \(text)").description == "they say: \(text)")
    }

    @Test("secrets are equal exactly when their bytes are")
    func comparison() {
        #expect(SecretBytes([1, 2, 3]) == SecretBytes([1, 2, 3]))
        #expect(SecretBytes([1, 2, 3]) != SecretBytes([1, 2, 4]))
        #expect(SecretBytes([1, 2, 3]) != SecretBytes([1, 2]))
        #expect(constantTimeEquals([UInt8](), [UInt8]()))
        #expect(!constantTimeEquals([1] as [UInt8], [] as [UInt8]))
    }

    /// RFC 4648, section 10.
    @Test(
        "Base64 gives the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(plain: String, encoded: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(try Base64.decode(encoded) == Array(plain.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.encode(Array(plain.utf8), padded: false) == bare)
        #expect(try Base64.decode(bare, padding: .optional) == Array(plain.utf8))
    }

    @Test(
        "Base64 has one text for each value",
        arguments: ["Zh==", "Zm9=", "Zg=", "Zg", "Z", "Zm9v\n", " Zm9v", "Zm-v", "Zm9vYg==Zg==", "====", "Zm9vé==="]
    )
    func strictBase64(encoded: String) {
        #expect(throws: CryptographyError.malformedEncoding("")) { try Base64.decode(encoded) }
    }

    @Test("hex takes both cases, but no odd digit, prefix or space", arguments: ["0", "0x00", "0g", " 00", "00 "])
    func hex(encoded: String) throws {
        #expect(try Hex.decode("00fFAb") == [0, 255, 171])
        #expect(Hex.encode([0, 255, 171]) == "00ffab")
        #expect(throws: CryptographyError.malformedEncoding("")) { try Hex.decode(encoded) }
    }

    @Test("random bytes and encodings agree in both directions", arguments: [UInt64](1...20))
    func roundTrip(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let value = random.bytes(Int(seed) * 7)
        #expect(try Hex.decode(Hex.encode(value)) == value)
        for alphabet in Base64.Alphabet.allCases {
            let encoded = Base64.encode(value, alphabet: alphabet)
            #expect(try Base64.decode(encoded, alphabet: alphabet) == value)
        }
    }
}
