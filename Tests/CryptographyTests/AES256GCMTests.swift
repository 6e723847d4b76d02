import Cryptography
import Seams
import Testing

@Suite("AES-256-GCM")
struct AES256GCMTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let key: String
        let nonce: String
        let plaintext: Int
        let additional: Int
        let sealed: String
        var testDescription: String { "\(plaintext) bytes, \(additional) beside them" }
    }

    /// By pycryptodome 3.24.1.
    static let cases = [
        Case(
            key: "38b4e652e44da7f2370d9e260e27136550a4a3a6d07f5c0c332f8b1224083fd2",
            nonce: "2b902f8911e81818f8c99d5d",
            plaintext: 0,
            additional: 0,
            sealed: "763f7411d85ec87372de0d5b8a36e09e"
        ),
        Case(
            key: "5d9831957504d90e945de2e8f54ee781cc75f636d85099095aa300165a67036f",
            nonce: "9b540d6b8f0be21124179c3d",
            plaintext: 0,
            additional: 20,
            sealed: "f9686f570840a0819e7143bb49703b81"
        ),
        Case(
            key: "d9f73817ce6e118d264aad6cb6dd210faf94acd3cf92c190237cb11f5d108cf2",
            nonce: "5930263938b370a1b5769fa0",
            plaintext: 16,
            additional: 0,
            sealed: "8aa95fc08d3db6f9958d92b29b677b739bb0116909cc3a5a37c8d48f76f492bc"
        ),
        Case(
            key: "f1483f95a90d9df2f130d60fcf04bd93f50ae69514da8c659ce2b10cccdaebf9",
            nonce: "90d19838b0d7ec0b3e97818e",
            plaintext: 17,
            additional: 5,
            sealed: "2a28ad0b400937c217cf9139b852b52d7ae84279d77ec1b65fcb844403d9f36b9f"
        ),
    ]

    @Test("seals as another implementation does, and opens it", arguments: cases)
    func vectors(vector: Case) throws {
        let key = SecretBytes(bytes(vector.key))
        let (plaintext, additional) = (pattern(vector.plaintext), pattern(vector.additional))
        let box = try AES256GCM.SealedBox(combined: bytes(vector.nonce + vector.sealed))
        #expect(
            try AES256GCM.seal(plaintext, key: key, nonce: bytes(vector.nonce), authenticating: additional) == box
        )
        let opened = try AES256GCM.open(box, key: key, authenticating: additional)
        opened.withUnsafeBytes { #expect(Array($0) == plaintext) }
    }

    @Test("opens no message with a changed bit")
    func tampering() throws {
        let key = SecretBytes(pattern(32))
        let box = try AES256GCM.seal(
            pattern(20),
            key: key,
            random: SeededRandom(seed: 3),
            authenticating: [1, 2]
        )
        let combined = box.combined
        for position in combined.indices {
            var changed = combined
            changed[position] ^= 1
            let other = try AES256GCM.SealedBox(combined: changed)
            #expect(throws: CryptographyError.authenticationFailed("")) {
                try AES256GCM.open(other, key: key, authenticating: [1, 2])
            }
        }
        #expect(throws: CryptographyError.authenticationFailed("")) {
            try AES256GCM.open(box, key: key, authenticating: [1])
        }
        #expect(throws: CryptographyError.self) { try AES256GCM.SealedBox(combined: pattern(27)) }
        #expect(throws: CryptographyError.self) {
            try AES256GCM.open(box, key: SecretBytes(pattern(31)), authenticating: [1])
        }
    }
}
