import BigInt
import Cryptography
import EVM
import Foundation
import Testing

@Suite("Chain transactions of EVM chains")
struct EVMTransactionTests {
    /// The example of EIP-155.
    @Test("are signed as EIP-155's example says")
    func legacy() throws {
        let key = try Secp256k1.PrivateKey(SecretBytes([UInt8](repeating: 0x46, count: 32)))
        let transaction = EVMTransaction(
            kind: .legacy,
            chainID: 1,
            nonce: 9,
            fee: .price(20_000_000_000),
            gasLimit: 21_000,
            to: try EVMAddress("0x3535353535353535353535353535353535353535"),
            value: 1_000_000_000_000_000_000
        )
        #expect(
            Hex.encode(Keccak256.hash(transaction.signingBytes))
                == "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
        )
        let signed = try transaction.signed(by: key)
        let raw = try #require(signed.raw)
        #expect(
            Hex.encode(raw) == """
                f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef\
                61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800cc\
                f555c9f3dc64214b297fb1966a3b6d83
                """
        )
        #expect(try EVMTransaction(decoding: raw) == signed)
        #expect(try signed.sender() == EVMAddress(key.publicKey))
    }

    @Test("are not signed when their fields do not belong to their type")
    func mismatch() throws {
        let key = try Secp256k1.PrivateKey(SecretBytes([UInt8](repeating: 1, count: 32)))
        func transaction(_ kind: EVMTransaction.Kind, _ fee: EVMTransaction.Fee, _ chain: UInt64?) -> EVMTransaction {
            EVMTransaction(kind: kind, chainID: chain, nonce: 0, fee: fee, gasLimit: 1, to: .zero, value: 0)
        }
        for wrong in [
            transaction(.legacy, .dynamic(maximum: 1, priority: 1), 1), transaction(.dynamicFee, .price(1), 1),
            transaction(.dynamicFee, .dynamic(maximum: 1, priority: 1), nil), transaction(.accessList, .price(1), nil),
        ] {
            #expect(throws: EVMError(.malformedStructure, "")) { try wrong.signed(by: key) }
        }
        #expect(throws: EVMError(.invalidSignature, "")) { try transaction(.legacy, .price(1), 1).sender() }
    }

    /// The examples of EIP-55.
    @Test(
        "addresses carry EIP-55's checksum, and a mistyped letter is refused",
        arguments: [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ]
    )
    func checksum(text: String) throws {
        let address = try EVMAddress(text)
        #expect(address.description == text)
        #expect(try EVMAddress(text.lowercased()) == address)
        #expect(address.lowercased == text.lowercased())
        let index = try #require(text.dropFirst(2).firstIndex { $0.isLetter })
        let letter = text[index]
        let other = letter.isLowercase ? letter.uppercased() : letter.lowercased()
        #expect(throws: EVMError(.malformedAddress, "")) {
            try EVMAddress(text.replacingCharacters(in: index...index, with: other))
        }
    }

    @Test(
        "other texts are refused as addresses",
        arguments: [
            "", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aa", "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ]
    )
    func malformed(text: String) {
        #expect(throws: EVMError(.malformedAddress, "")) { try EVMAddress(text) }
    }

    /// Addresses by the rule of the Yellow Paper, computed with `eth-utils` 6.0.0 and `rlp` for nonce 0 and 1.
    @Test("a contract's address follows from its creator and the nonce")
    func contract() throws {
        let maker = try EVMAddress("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
        #expect(maker.contract(nonce: 0).lowercased == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d")
        #expect(maker.contract(nonce: 1).lowercased == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8")
    }
}
