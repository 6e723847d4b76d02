import Cryptography
import Testing

@Suite("Key derivation")
struct KeyDerivationTests {
    @Test("HKDF gives the output of RFC 5869, appendix A.1")
    func hkdf() throws {
        let output = try KeyDerivation.hkdfSHA256(
            key: [UInt8](repeating: 0x0B, count: 22),
            salt: bytes("000102030405060708090a0b0c"),
            info: bytes("f0f1f2f3f4f5f6f7f8f9"),
            length: 42
        )
        #expect(
            output
                == SecretBytes(
                    bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
                )
        )
    }

    @Test("scrypt gives the outputs of RFC 7914, section 12")
    func scrypt() throws {
        let small = try KeyDerivation.scrypt(password: [UInt8](), salt: [UInt8](), n: 16, r: 1, p: 1, length: 64)
        #expect(
            small
                == SecretBytes(
                    bytes(
                        """
                        77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442
                        fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906
                        """
                    )
                )
        )
    }

    @Test("PBKDF2 with HMAC-SHA-256 gives the outputs of RFC 7914, section 11")
    func pbkdf2() throws {
        let one = try KeyDerivation.pbkdf2SHA256(
            password: Array("passwd".utf8),
            salt: Array("salt".utf8),
            iterations: 1,
            length: 64
        )
        #expect(
            one
                == SecretBytes(
                    bytes(
                        """
                        55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc
                        49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783
                        """
                    )
                )
        )
    }
}
