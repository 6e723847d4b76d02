import Cryptography
import Testing

@Suite("Digests")
struct DigestTests {
    /// FIPS 180-4's examples: one block, two blocks, and the empty message.
    @Test(
        "SHA-2 gives the examples of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func sha256(message: String, digest: String) {
        #expect(text(SHA256.hash(Array(message.utf8))) == digest)
        var hasher = SHA256Hasher()
        #expect(text(hasher.hash(Array(message.utf8))) == digest)
        #expect(text(hasher.hash(Array(message.utf8))) == digest, "a hasher can be used again")
    }

    @Test("SHA-512 gives the example of FIPS 180-4")
    func sha512() {
        let digest = """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """
        #expect(text(SHA512.hash(Array("abc".utf8))) == digest)
    }

    /// Lengths around the rate of 136 bytes; digests by pycryptodome 3.24.1.
    @Test(
        "Keccak-256 pads every length around its rate right",
        arguments: [
            (0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            (1, "69c322e3248a5dfc29d73c5b0553b0185a35cd5bb6386747517ef7e53b15e287"),
            (55, "152cc5298108a3ec3a26e0c5aead9c2770c184a6bdf87eb087716b185c8e2238"),
            (135, "00ef96af9cf4b24c7f269d922294444a197d0a33638c2e56634c57e892103a8f"),
            (136, "742061bcad767ed4c4f5883b1dcb1aad11afdcc140dc469d953759b127b9f9ed"),
            (137, "e3371f61e770abf254c34239c3b0099ad90594507415bc81dd0a10b9692bbf2a"),
            (272, "ac141fd7b0a0ffcd2e967254d508da3ec616596493c36fa304425647d90e6de5"),
            (1_000, "80cdc8dd52cbb3dbaea8f383209893fa2bb52efbd5aedbb4b26dcfe307fcdc9b"),
        ]
    )
    func keccak(length: Int, digest: String) {
        #expect(text(Keccak256.hash(pattern(length))) == digest)
    }
}

/// `length` bytes that differ from their neighbours: `7 · position + 3`.
func pattern(_ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
}
