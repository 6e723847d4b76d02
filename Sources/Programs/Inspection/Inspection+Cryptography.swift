import Cryptography
import EVM
import HTTPMessages
import Seams
import StrictJSON
import TelegramBot
import Webhooks

extension Inspection {
    func keccak256(_ input: InspectionInput) throws -> JSONValue {
        ["digest": .string(Hex.encode(Keccak256.hash(try input.bytes("data"))))]
    }

    func sha256(_ input: InspectionInput) throws -> JSONValue {
        ["digest": .string(Hex.encode(SHA256.hash(try input.bytes("data"))))]
    }

    // MARK: - Ed25519

    func ed25519Verify(_ input: InspectionInput) throws -> JSONValue {
        let (bytes, message, signature) = (
            try input.bytes("publicKey"), try input.bytes("message"), try input.bytes("signature")
        )
        guard let key = try? Ed25519.PublicKey(bytes) else { return ["valid": .bool(false)] }
        return ["valid": .bool(key.isValid(signature: signature, for: message))]
    }

    func ed25519Sign(_ input: InspectionInput) throws -> JSONValue {
        let key = try Ed25519.PrivateKey(seed: try input.secret("seed"))
        return [
            "signature": .string(Hex.encode(try key.sign(try input.bytes("message")))),
            "publicKey": .string(Hex.encode(key.publicKey.bytes)),
        ]
    }

    // MARK: - secp256k1

    private func signature(_ input: InspectionInput) throws -> Secp256k1.Signature {
        let bytes = try input.bytes("signature")
        return bytes.count == 64 ? try Secp256k1.Signature(compact: bytes) : try Secp256k1.Signature(der: bytes)
    }

    func ecdsaVerify(_ input: InspectionInput) throws -> JSONValue {
        let digest = try input.bytes("digest")
        let lowS = try input.flag("lowS")
        guard let key = try? Secp256k1.PublicKey(try input.bytes("publicKey")), let signature = try? signature(input)
        else {
            return ["valid": .bool(false)]
        }
        return ["valid": .bool(key.isValid(signature, for: digest, highS: lowS ? .refused : .normalised))]
    }

    func ecdsaSign(_ input: InspectionInput) throws -> JSONValue {
        let key = try Secp256k1.PrivateKey(try input.secret("privateKey"))
        let signature = try key.signRecoverable(digest: try input.bytes("digest"))
        return [
            "signature": .string(Hex.encode(signature.signature.compact)),
            "recoveryId": .integer(Int64(signature.recoveryID)),
            "publicKey": .string(Hex.encode(key.publicKey.compressed)),
        ]
    }

    func ecdsaRecover(_ input: InspectionInput) throws -> JSONValue {
        guard let id = UInt8(exactly: try input.integer("recoveryId")) else {
            throw Failure("invalid_input", "'recoveryId' lies between 0 and 3")
        }
        let signature = try Secp256k1.RecoverableSignature(try signature(input), recoveryID: id)
        let key = try signature.publicKey(digest: try input.bytes("digest"))
        return [
            "publicKey": .string(Hex.encode(key.uncompressed)),
            "address": .string(EVMAddress(key).description),
        ]
    }

    func schnorrVerify(_ input: InspectionInput) throws -> JSONValue {
        let (message, signature) = (try input.bytes("message"), try input.bytes("signature"))
        guard let key = try? Secp256k1.XOnlyPublicKey(try input.bytes("publicKey")) else {
            return ["valid": .bool(false)]
        }
        return ["valid": .bool(key.isValid(signature: signature, for: message))]
    }

    // MARK: - Telegram and webhooks

    func initData(_ input: InspectionInput) throws -> JSONValue {
        let (now, maximumAge) = (try input.moment("now"), try input.duration("maxAge"))
        let data: InitData
        do throws(InitData.Refusal) {
            data = try InitData(parsing: (try? input.text("initData")) ?? "")
        } catch { return Self.verdict(error.reason) }
        let check: () throws -> Void
        if let token = try input.optionalText("botToken") {
            check = { try data.check(botToken: SecretBytes(Array(token.utf8)), now: now, maximumAge: maximumAge) }
        } else {
            let id = try input.integer("botId")
            let known = try input.flag("test") ? InitData.ThirdPartyKey.test : InitData.ThirdPartyKey.production
            let key = try Ed25519.PublicKey(Hex.decode(try input.optionalText("publicKey") ?? known))
            check = { try data.check(botID: id, publicKey: key, now: now, maximumAge: maximumAge) }
        }
        do { try check() } catch let refusal as InitData.Refusal { return Self.verdict(refusal.reason) }
        return ["valid": .bool(true), "user": data.user ?? .null]
    }

    func webhookVerify(_ input: InspectionInput) throws -> JSONValue {
        let fields = (input.value["headers"]?.members ?? []).map { HTTPField($0.key, $0.value.stringValue ?? "") }
        let body = Array(try input.text("body").utf8)
        let verifier: StandardWebhook.Verifier
        do {
            if let text = try input.optionalText("publicKey") {
                let digits = text.hasPrefix("whpk_") ? String(text.dropFirst(5)) : text
                let bytes = try Base64.decode(digits, alphabet: .standard, padding: .optional)
                verifier = .publicKey(try Ed25519.PublicKey(bytes))
            } else {
                verifier = .secret(try StandardWebhook.Secret(text: try input.text("secret")))
            }
            try StandardWebhook.verify(fields, body: body, by: verifier, now: try input.moment("now"))
        } catch let refusal as StandardWebhook.Refusal { return Self.verdict(refusal.description) }
        return ["valid": .bool(true)]
    }
}
