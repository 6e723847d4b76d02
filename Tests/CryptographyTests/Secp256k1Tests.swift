import Cryptography
import Seams
import Testing

@Suite("secp256k1")
struct Secp256k1Tests {
    struct Case: Sendable {
        let key: String
        let digest: String
        let signature: String
        let recoveryID: UInt8
        let publicKey: String
    }

    /// By eth-keys 0.8.0 with its backend in Python: nonces of RFC 6979, low S.
    static let cases = [
        Case(
            key: "0000000000000000000000000000000000000000000000000000000000000001",
            digest: "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e",
            signature: """
                934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8
                2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5
                """,
            recoveryID: 1,
            publicKey: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        ),
        Case(
            key: "0000000000000000000000000000000000000000000000000000000000000002",
            digest: "d235f11829fb388c22e44cb637f01210c3707a90b405420fb169779edfb5b934",
            signature: """
                bdc4003042ee0cb8c8c0f9c53ff636ad4989f6d3cac76d397aa5142de05d4f5e
                70eae4ad70133dc09357bd51c7fe411465e5d983af57eb616595a52fa13af49d
                """,
            recoveryID: 0,
            publicKey: "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
        ),
        Case(
            key: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
            digest: "2405157f54b12eae62d11e887eb0766d1877f8c6eff26b5010af3177d161e795",
            signature: """
                f0b446399b79cf3ffcf227206a5f36011e7c3eef2a84cc9da0a33a4e066b9963
                32baf133f4881e3ab668684f79d6057a7ad849a0d05a98c4cebb3804457f04c2
                """,
            recoveryID: 0,
            publicKey: "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        ),
        Case(
            key: "5f557203301850c5a38fd547923a736994e3bf911a61dbe22e44158bae97ba94",
            digest: "87a766ec30e4037458a9905cad87bd4c77e2983f27745ccb9a31052e944cf1b2",
            signature: """
                6a03a7890d6eb4fdc2681a3fd09eb225e23fc520a443321e027a79335ffa954b
                48d361dc615aada0ee8b18ed2356e940e2131400f4cff8364665c1c67d10bdc2
                """,
            recoveryID: 1,
            publicKey: "03125bddeeb2274873e6b6312e83805920d65119e16bf08d10ff73364d16649648"
        ),
    ]

    @Test("ECDSA signs by RFC 6979 with a low S, verifies and recovers", arguments: cases)
    func ecdsa(vector: Case) throws {
        let key = try Secp256k1.PrivateKey(SecretBytes(bytes(vector.key)))
        let digest = bytes(vector.digest)
        #expect(text(key.publicKey.compressed) == vector.publicKey)
        let signed = try key.signRecoverable(digest: digest)
        #expect(signed.signature.compact == bytes(vector.signature))
        #expect(signed.recoveryID == vector.recoveryID)
        #expect(signed.signature.hasLowS)
        #expect(try signed.publicKey(digest: digest) == key.publicKey)
        #expect(key.publicKey.isValid(signed.signature, for: digest))
        #expect(try Secp256k1.Signature(der: signed.signature.der) == signed.signature)
        var other = digest
        other[31] ^= 1
        #expect(!key.publicKey.isValid(signed.signature, for: other))
        #expect(!key.publicKey.isValid(signed.signature, for: Array(digest.dropLast())))
    }

    /// BIP-340, test vectors 0, 1 and 3.
    @Test(
        "BIP-340 signs and verifies as its vectors say",
        arguments: [
            (
                "0000000000000000000000000000000000000000000000000000000000000003",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000000000000000000",
                """
                e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215
                25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0
                """
            ),
            (
                "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
                "0000000000000000000000000000000000000000000000000000000000000001",
                "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
                """
                6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341
                8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a
                """
            ),
            (
                "0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                """
                7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec
                97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3
                """
            ),
        ]
    )
    func schnorr(secret: String, auxiliary: String, message: String, signature: String) throws {
        let key = try Secp256k1.PrivateKey(SecretBytes(bytes(secret)))
        let made = try key.signSchnorr(bytes(message), auxiliary: bytes(auxiliary))
        #expect(made == bytes(signature))
        let publicKey = try key.publicKey.xOnly
        #expect(publicKey.isValid(signature: made, for: bytes(message)))
        for position in [0, 31, 32, 63] {
            var changed = made
            changed[position] ^= 1
            #expect(!publicKey.isValid(signature: changed, for: bytes(message)))
        }
        #expect(!publicKey.isValid(signature: Array(made.dropLast()), for: bytes(message)))
    }

    /// The group's order, and half of it rounded down.
    static let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

    @Test("refuses private keys outside the group", arguments: ["", "00", String(repeating: "00", count: 32), order])
    func invalidPrivateKeys(secret: String) {
        #expect(throws: CryptographyError.invalidKey("")) { try Secp256k1.PrivateKey(SecretBytes(bytes(secret))) }
    }

    @Test(
        "refuses public keys that are not on the curve, and hybrid encodings",
        arguments: [
            "", "02", "05" + String(repeating: "11", count: 32),
            "02eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
            "0679be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
        ]
    )
    func invalidPublicKeys(key: String) {
        #expect(throws: CryptographyError.invalidKey("")) { try Secp256k1.PublicKey(bytes(key)) }
    }

    @Test("accepts a signature with a high S only when told to")
    func highS() throws {
        let vector = Self.cases[0]
        let key = try Secp256k1.PublicKey(bytes(vector.publicKey))
        let low = try Secp256k1.Signature(compact: bytes(vector.signature))
        let high = try Secp256k1.Signature(
            compact: Array(low.compact.prefix(32)) + difference(bytes(Self.order), Array(low.compact.suffix(32)))
        )
        #expect(!high.hasLowS)
        #expect(high.normalised == low)
        #expect(!key.isValid(high, for: bytes(vector.digest)))
        #expect(key.isValid(high, for: bytes(vector.digest), highS: .normalised))
        let recoverable = try Secp256k1.RecoverableSignature(high, recoveryID: 0)
        #expect(throws: CryptographyError.invalidSignature("")) {
            try recoverable.publicKey(digest: bytes(vector.digest))
        }
        #expect(try recoverable.publicKey(digest: bytes(vector.digest), highS: .normalised) == key)
    }

    @Test("a recovery number outside 0 to 3 is an error and does not end the process")
    func recoveryNumber() throws {
        let signature = try Secp256k1.Signature(compact: bytes(Self.cases[0].signature))
        for number: UInt8 in [4, 27, 255] {
            #expect(throws: CryptographyError.invalidSignature("")) {
                try Secp256k1.RecoverableSignature(signature, recoveryID: number)
            }
        }
    }

    @Test(
        "refuses DER that is not the shortest encoding",
        arguments: [
            "", "3006020101020101ff", "300702020001020101", "30060201810201",
            "3081060201010201013006", "308106020101020101",
        ]
    )
    func der(encoding: String) {
        #expect(throws: CryptographyError.invalidSignature("")) { try Secp256k1.Signature(der: bytes(encoding)) }
    }

    /// `lhs - rhs` of big-endian numbers of 32 bytes.
    private func difference(_ lhs: [UInt8], _ rhs: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        for position in stride(from: 31, through: 0, by: -1) {
            let value = Int(lhs[position]) - Int(rhs[position]) - borrow
            borrow = value < 0 ? 1 : 0
            result[position] = UInt8(truncatingIfNeeded: value)
        }
        return result
    }
}
