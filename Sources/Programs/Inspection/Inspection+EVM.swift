import BigInt
import Cryptography
import EVM
import Foundation
import StrictJSON

extension Inspection {
    func rlp(_ input: InspectionInput) throws -> JSONValue {
        ["value": Self.json(try DecodedRLP(try input.bytes("data")).item)]
    }

    /// The recursion is bounded, because the decoder bounds how deep lists are nested.
    private static func json(_ item: RLPItem) -> JSONValue {
        switch item {
        case .bytes(let bytes): .string(Hex.encode(bytes))
        case .list(let items): .array(items.map(json))
        }
    }

    func evmAddress(_ input: InspectionInput) throws -> JSONValue {
        let address: EVMAddress
        if let text = try input.optionalText("text") {
            address = try EVMAddress(text)
        } else if try input.optionalText("publicKey") != nil {
            address = EVMAddress(try Secp256k1.PublicKey(try input.bytes("publicKey")))
        } else {
            address = EVMAddress(try Secp256k1.PrivateKey(try input.secret("privateKey")).publicKey)
        }
        return ["address": .string(address.description)]
    }

    // MARK: - Chain transactions

    func evmTransaction(_ input: InspectionInput) throws -> JSONValue {
        let transaction = try EVMTransaction(decoding: try input.bytes("raw"))
        var members: [JSONValue.Member] = [
            .init("type", .integer(Int64(transaction.kind.number))),
            .init("chainId", transaction.chainID.map { .number(String($0)) } ?? .null),
            .init("nonce", .number(String(transaction.nonce))),
            .init("to", .optional(transaction.to?.description)),
            .init("value", .string(String(transaction.value))),
            .init("gasLimit", .number(String(transaction.gasLimit))),
        ]
        switch transaction.fee {
        case .price(let price): members.append(.init("gasPrice", .string(String(price))))
        case .dynamic(let maximum, let priority):
            members.append(.init("maxFeePerGas", .string(String(maximum))))
            members.append(.init("maxPriorityFeePerGas", .string(String(priority))))
        }
        members.append(.init("data", .string(Hex.encode(transaction.data))))
        members += Self.details(transaction)
        members.append(.init("hash", .optional(transaction.hash.map { Hex.encode($0.bytes) })))
        members.append(.init("sender", .string(try transaction.sender().description)))
        return .object(members)
    }

    private static func details(_ transaction: EVMTransaction) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if transaction.kind.number > 0 {
            let list = transaction.accessList.map { access -> JSONValue in
                [
                    "address": .string(access.address.description),
                    "storageKeys": .array(access.storageKeys.map { .string(Hex.encode($0.bytes)) }),
                ]
            }
            members.append(.init("accessList", .array(list)))
        }
        switch transaction.kind {
        case .legacy, .accessList, .dynamicFee: break
        case .blob(let maximumFee, let hashes):
            members.append(.init("maxFeePerBlobGas", .string(String(maximumFee))))
            members.append(.init("blobVersionedHashes", .array(hashes.map { .string(Hex.encode($0.bytes)) })))
        case .setCode(let authorizations):
            let list = authorizations.map { authorization -> JSONValue in
                [
                    "chainId": .string(String(authorization.chainID)),
                    "address": .string(authorization.address.description),
                    "nonce": .number(String(authorization.nonce)),
                ]
            }
            members.append(.init("authorizationList", .array(list)))
        }
        return members
    }

    func evmSignTransaction(_ input: InspectionInput) throws -> JSONValue {
        let key = try Secp256k1.PrivateKey(try input.secret("privateKey"))
        let type = try input.optionalInteger("type") ?? 2
        guard (0...2).contains(type) else { throw Failure("invalid_input", "'type' is 0, 1 or 2") }
        let transaction = EVMTransaction(
            kind: type == 0 ? .legacy : type == 1 ? .accessList : .dynamicFee,
            chainID: try input.optionalQuantity("chainId").map { try Self.uint64($0, "chainId") },
            nonce: try Self.uint64(try input.quantity("nonce"), "nonce"),
            fee: type < 2
                ? .price(try input.quantity("gasPrice"))
                : .dynamic(
                    maximum: try input.quantity("maxFeePerGas"),
                    priority: try input.quantity("maxPriorityFeePerGas")
                ),
            gasLimit: try Self.uint64(try input.quantity("gasLimit"), "gasLimit"),
            to: try input.optionalText("to").flatMap { $0.isEmpty || $0 == "0x" ? nil : try EVMAddress($0) },
            value: try input.optionalQuantity("value") ?? 0,
            data: try input.optionalText("data") == nil ? [] : try input.bytes("data"),
            accessList: try accessList(input)
        )
        let signed = try transaction.signed(by: key)
        guard let raw = signed.raw, let hash = signed.hash else { throw Failure("internal", "nothing was signed") }
        // Fails when the signed bytes cannot be decoded again.
        _ = try EVMTransaction(decoding: raw)
        return ["raw": .string(Hex.encode(raw)), "hash": .string(Hex.encode(hash.bytes))]
    }

    /// The digest of typed data (EIP-712), a signature (made when a key is given), and its signer.
    func evmTypedData(_ input: InspectionInput) throws -> JSONValue {
        guard let data = input.value["typedData"] else { throw Failure("invalid_input", "'typedData' is missing") }
        let digest = try TypedData(data).digest()
        var result = [JSONValue.Member("digest", .string(Hex.encode(digest)))]
        var signature: EVMSignature?
        if input.value["privateKey"] != nil {
            let key = try Secp256k1.PrivateKey(try input.secret("privateKey"))
            signature = try EVMSignature(of: digest, by: key)
        } else if input.value["signature"] != nil {
            signature = try EVMSignature(bytes: try input.bytes("signature"))
        }
        if let signature {
            result.append(.init("signature", .string(Hex.encode(signature.bytes))))
            result.append(.init("signer", .string(try signature.signer(of: digest).description)))
        }
        return .object(result)
    }

    private func accessList(_ input: InspectionInput) throws -> [EVMTransaction.Access] {
        guard let member = input.value["accessList"], !member.isNull else { return [] }
        return try input.array("accessList").map { entry in
            EVMTransaction.Access(
                address: try EVMAddress(entry.text("address")),
                storageKeys: try entry.hashes("storageKeys")
            )
        }
    }

    private static func uint64(_ value: BigUInt, _ name: String) throws -> UInt64 {
        guard let value = UInt64(exactly: value) else {
            throw Failure("invalid_input", "'\(name)' has at most 64 bits")
        }
        return value
    }

    // MARK: - Tokens and words

    func erc20Log(_ input: InspectionInput) throws -> JSONValue {
        let value = input.value["log"]?.members == nil ? input : InspectionInput(value: input.value["log"] ?? [:])
        let address = try value.text("address")
        let log = try EVMLog(
            address: try EVMAddress(address.hasPrefix("0x") ? address : "0x" + address),
            topics: try value.hashes("topics"),
            data: try value.bytes("data")
        )
        let transfer = try ERC20Transfer(log)
        return [
            "token": .string(transfer.token.description), "from": .string(transfer.from.description),
            "to": .string(transfer.to.description), "amount": .string(String(transfer.amount)),
        ]
    }

    func bip39(_ input: InspectionInput) throws -> JSONValue {
        let words = try input.text("mnemonic").split(whereSeparator: \.isWhitespace).map(String.init)
        let passphrase = (try input.optionalText("passphrase") ?? "").decomposedStringWithCompatibilityMapping
        let seed = try BIP39Mnemonic(words).seed(passphrase: passphrase)
        var members: [JSONValue.Member] = [.init("seed", .string(seed.withUnsafeBytes { Hex.encode(Array($0)) }))]
        if let path = try input.optionalText("path") {
            let key = try ExtendedSecp256k1Key(seed: seed).derived(try KeyPath(path)).key
            members.append(.init("privateKey", .string(key.secret.withUnsafeBytes { Hex.encode(Array($0)) })))
        }
        return .object(members)
    }
}

extension InspectionInput {
    /// An unsigned integer of at most 256 bits: a number, digits, or `0x` and hex digits.
    func optionalQuantity(_ name: String) throws -> BigUInt? {
        guard let member = value[name], !member.isNull else { return nil }
        let text: String
        switch member {
        case .number(let digits), .string(let digits): text = digits
        default: throw Inspection.Failure("invalid_input", "'\(name)' is no integer")
        }
        // Bounded before it is parsed, because the cost grows faster than the length. A sign is refused.
        let isHex = text.hasPrefix("0x")
        let digits = isHex ? text.dropFirst(2) : text[...]
        let isBounded = text.utf8.count <= 80 && digits.utf8.first.map { $0 != 0x2B && $0 != 0x2D } ?? false
        guard isBounded, let number = BigUInt(digits, radix: isHex ? 16 : 10), number.bitWidth <= 256 else {
            throw Inspection.Failure("invalid_input", "'\(name)' is no integer of at most 256 bits")
        }
        return number
    }

    /// A list of hashes; empty when it is left out.
    func hashes(_ name: String) throws -> [EVMHash] {
        guard let member = value[name], !member.isNull else { return [] }
        guard let list = member.arrayValue else { throw Inspection.Failure("invalid_input", "'\(name)' is no array") }
        return try list.map { try EVMHash(bytes: InspectionInput(value: [name: $0]).bytes(name)) }
    }

    func quantity(_ name: String) throws -> BigUInt {
        guard let number = try optionalQuantity(name) else {
            throw Inspection.Failure("invalid_input", "'\(name)' is missing")
        }
        return number
    }
}
