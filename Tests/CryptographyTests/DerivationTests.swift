import Cryptography
import Testing

@Suite("Derived keys")
struct DerivationTests {
    /// BIP-32, test vector 1.
    @Test(
        "of secp256k1 are those of BIP-32's first vector",
        arguments: [
            ("m", "e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35"),
            ("m/0'", "edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea"),
            ("m/0h/1", "3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368"),
            ("m/0'/1/2'/2/1000000000", "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8"),
        ]
    )
    func bip32(path: String, expected: String) throws {
        let master = try ExtendedSecp256k1Key(seed: SecretBytes(bytes("000102030405060708090a0b0c0d0e0f")))
        let key = try master.derived(KeyPath(path)).key
        #expect(key.secret.withUnsafeBytes { text(Array($0)) } == expected)
    }

    /// BIP-32, test vectors 1 and 2: the public keys of steps that are not hardened, also from public keys alone.
    @Test(
        "of secp256k1 are derived from public keys alone where no step is hardened",
        arguments: [
            (
                "000102030405060708090a0b0c0d0e0f", "m/0'", "m/1",
                "03501e454bf00751f24b1b489aa925215d66af2234e3891c3b21a52bedb3cd711c"
            ),
            (
                "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c6966636"
                    + "05d5a5754514e4b484542",
                "m", "m/0", "02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea"
            ),
        ]
    )
    func publicSteps(seed: String, parent: String, path: String, expected: String) throws {
        let key = try ExtendedSecp256k1Key(seed: SecretBytes(bytes(seed))).derived(KeyPath(parent))
        #expect(text(try key.publicHalf.derived(KeyPath(path)).key.compressed) == expected)
        for path in ["m/5", "m/5/7", "m/2147483647/0/1"] {
            let (secret, open) = (try key.derived(KeyPath(path)), try key.publicHalf.derived(KeyPath(path)))
            #expect(secret.key.publicKey == open.key)
        }
        #expect(throws: CryptographyError.invalidParameter("")) { try key.publicHalf.derived(KeyPath("m/1/0'")) }
    }

    /// SLIP-10, test vector 1 for Ed25519.
    @Test(
        "of Ed25519 are those of SLIP-10's first vector",
        arguments: [
            ("m", "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"),
            ("m/0'", "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3"),
            ("m/0'/1'/2'/2'/1000000000'", "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793"),
        ]
    )
    func slip10(path: String, expected: String) throws {
        let master = try ExtendedEd25519Key(seed: SecretBytes(bytes("000102030405060708090a0b0c0d0e0f")))
        let seed = try master.derived(KeyPath(path)).seed
        #expect(seed.withUnsafeBytes { text(Array($0)) } == expected)
        #expect(throws: CryptographyError.invalidParameter("")) { try master.derived(KeyPath("m/1")) }
    }

    @Test("words lead to the seed of BIP-39's first vector, and a mistyped one to an error")
    func bip39() throws {
        let words = [String](repeating: "abandon", count: 11) + ["about"]
        let seed = try BIP39Mnemonic(words).seed(passphrase: "TREZOR")
        #expect(
            seed.withUnsafeBytes { text(Array($0)) } == """
                c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553\
                1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04
                """
        )
        for wrong in [Array(words.dropLast()), words.dropLast() + ["abandon"], words.dropLast() + ["abut"]] {
            #expect(throws: CryptographyError.invalidParameter("")) { try BIP39Mnemonic(wrong) }
        }
    }

    @Test(
        "malformed paths are refused",
        arguments: ["", "0", "m/", "m//1", "m/2147483648", "m/-1", "m/1''", "M/0", "m/0x1"]
    )
    func paths(path: String) {
        #expect(throws: CryptographyError.invalidParameter("")) { try KeyPath(path) }
    }
}
