import BigInt
import Cryptography
import EVM
import StrictJSON
import Testing

@Suite("Contracts, logs and signed texts")
struct ContractTests {
    /// The example `sam(bytes,bool,uint256[])` of the ABI's specification.
    @Test("calls are encoded and read as the specification's example says")
    func abi() throws {
        let values: [ABIValue] = [.bytes(Array("dave".utf8)), .bool(true), .array([.uint(1), .uint(2), .uint(3)])]
        let call = ABIValue.call("sam(bytes,bool,uint256[])", values)
        let words = [
            "60", "01", "a0", "04", "6461766500000000000000000000000000000000000000000000000000000000", "03", "01",
            "02",
            "03",
        ]
        let expected = words.map { String(repeating: "0", count: 64 - $0.count) + $0 }.joined()
        #expect(Hex.encode(call) == "a5643bf2" + expected)
        let data = Array(call.dropFirst(4))
        #expect(try ABIValue.decode([.bytes, .bool, .array(.uint(256))], from: data) == values)
        for cut in stride(from: 0, to: data.count, by: 32) {
            #expect(throws: EVMError(.malformedABI, "")) {
                try ABIValue.decode([.bytes, .bool, .array(.uint(256))], from: Array(data.prefix(cut)))
            }
        }
    }

    @Test("values outside the range of their type are refused")
    func abiStrictness() {
        let two = [UInt8](repeating: 0, count: 31) + [2]
        let full = [UInt8](repeating: 0xFF, count: 32)
        for (type, word) in [
            (ABIType.bool, two), (.address, full), (.uint(8), full), (.fixedBytes(4), full), (.bytes, full),
        ] {
            #expect(throws: EVMError(.malformedABI, "")) { try ABIValue.decode([type], from: word) }
        }
    }

    @Test("an ERC-20 transfer is read from its log, and an ERC-721 log is refused")
    func transfers() throws {
        let (token, from, to) = (
            try EVMAddress("0xdac17f958d2ee523a2206206994597c13d831ec7"), EVMAddress.zero,
            try EVMAddress("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
        )
        func topic(_ address: EVMAddress) throws -> EVMHash {
            try EVMHash(bytes: [UInt8](repeating: 0, count: 12) + address.bytes)
        }
        let topics = [ERC20Transfer.topic, try topic(from), try topic(to)]
        let amount = [UInt8](repeating: 0xFF, count: 32)
        let log = try EVMLog(address: token, topics: topics, data: amount)
        let transfer = try ERC20Transfer(log)
        #expect((transfer.token, transfer.from, transfer.to) == (token, from, to))
        #expect(transfer.amount == (BigUInt(1) << 256) - 1)
        #expect(
            ERC20Transfer.topic.description == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
        )
        let foreign = try EVMHash(bytes: [UInt8](repeating: 1, count: 32))
        for (topics, data) in [
            (topics + [topics[2]], amount), (Array(topics.prefix(2)), amount), (topics, amount + [0]),
            ([foreign] + topics.dropFirst(), amount), ([topics[0], foreign, topics[2]], amount),
        ] {
            let other = try EVMLog(address: token, topics: topics, data: data)
            #expect(throws: EVMError(.malformedStructure, "")) { try ERC20Transfer(other) }
        }
        let receipt = EVMReceipt(type: 2, isSuccess: true, cumulativeGas: 50_000, logs: [log])
        #expect(receipt.bloom.mayContain(token.bytes) && receipt.bloom.mayContain(topics[2].bytes))
        #expect(!receipt.bloom.mayContain(to.bytes))
        #expect(receipt.encoded.first == 2)
        #expect(Hex.encode(ERC20.transfer(to: to, amount: 1).prefix(4)) == "a9059cbb")
        #expect(ERC20.isSuccess([]) && !ERC20.isSuccess([UInt8](repeating: 0, count: 32)))
    }

    /// The example of EIP-712: a mail from Cow to Bob.
    @Test("typed data has the digest and the signature of EIP-712's example")
    func typedData() throws {
        let json = """
            {"types": {"EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
            "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
            "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"},
            {"name": "contents", "type": "string"}]}, "primaryType": "Mail",
            "domain": {"name": "Ether Mail", "version": "1", "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
            "message": {"from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"}, "contents": "Hello, Bob!"}}
            """
        let digest = try TypedData(JSONValue(parsing: Array(json.utf8))).digest()
        #expect(Hex.encode(digest) == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
        let key = try Secp256k1.PrivateKey(SecretBytes(Keccak256.hash(Array("cow".utf8))))
        let signature = try EVMSignature(of: digest, by: key)
        #expect(
            Hex.encode(signature.bytes) == """
                4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d\
                07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c
                """
        )
        #expect(try signature.signer(of: digest) == EVMAddress(key.publicKey))
    }

    @Test(
        "a text is signed as eth-account 0.14.0 signs it (EIP-191, version 0x45)",
        arguments: [
            (
                "I own this", "639064b0acb7dba12474eca1f11f60a09b8c5f0db749ea420940a2c4bab99a3a",
                """
                2788ceced11f8dc910c44eb413ee32312b962bdf5c8ed6a82842163d8c3c32c0\
                43a871f30e1295d371a3c80b255f924d51fa35c960a5be0247d941052018e6f21b
                """
            ),
            (
                "Счёт №1 — оплачено", "4fa0b81bcfada6aa2a5a47912b15eea944febe36f8a58880bf338a65abab5772",
                """
                afdbe5167791e72f2e4bd0f6f87e8b41d3daacfc69f5db041e6d1d94d7b5db3a\
                3e1f6fe0e401a6f2fab250502f8bb37d87479b0fc0a1d2c0f5a32cdf2c3a2e731c
                """
            ),
            (
                "", "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad",
                """
                6313e46bc210c5cc01959de6a7edeb9b0c581f1b610050f4b4293a6e01cd4944\
                5c7339661f850870c4b5d1d9b311f0c88fe5e0ab216ccfc652b27cbce1d74e9c1c
                """
            ),
        ]
    )
    func signedTextOfAnother(text: String, digest: String, signature: String) throws {
        let key = try Secp256k1.PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let ours = SignedText.digest(Array(text.utf8))
        #expect(Hex.encode(ours) == digest)
        #expect(Hex.encode(try EVMSignature(of: ours, by: key).bytes) == signature)
        let signer = try SignedText.signer(of: Array(text.utf8), signature: Hex.decode(signature))
        #expect(signer.description == "0x4a62316623ad457F02cDC5D997deD67a383EC569")
    }

    @Test("a signature of a text recovers its signer, and a changed text another address")
    func signedText() throws {
        let key = try Secp256k1.PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let message = Array("I own this".utf8)
        let signature = try EVMSignature(of: SignedText.digest(message), by: key).bytes
        #expect(try SignedText.signer(of: message, signature: signature) == EVMAddress(key.publicKey))
        let other = try? SignedText.signer(of: message + [0x21], signature: signature)
        #expect(other != EVMAddress(key.publicKey))
        #expect(throws: EVMError(.invalidSignature, "")) {
            try SignedText.signer(of: message, signature: signature.dropLast() + [29])
        }
    }

    @Test("payment links are those of EIP-681")
    func links() throws {
        let (token, to) = (
            try EVMAddress("0xdac17f958d2ee523a2206206994597c13d831ec7"),
            try EVMAddress("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
        )
        #expect(
            PaymentLink.coin(to: to, amount: 1_500, chainID: 8_453)
                == "ethereum:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed@8453?value=1500"
        )
        #expect(
            PaymentLink.token(token, to: to, amount: 7, chainID: 1).hasSuffix("@1/transfer?address=\(to)&uint256=7")
        )
    }
}
