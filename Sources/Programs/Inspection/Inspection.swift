package import Money
package import StrictJSON

/// Decodes or checks one thing at a time and answers in JSON: what `settlegate inspect` does.
///
/// No input can stop it: a bad request gets an error with a code and a message.
package struct Inspection: Sendable {
    /// The most bytes of one request.
    package static let maximumLineBytes = 4 << 20

    /// An error in a request.
    struct Failure: Error {
        let code: String
        let message: String

        init(_ code: String, _ message: String) {
            self.code = code
            self.message = message
        }
    }

    typealias Kind = @Sendable (Inspection, InspectionInput) throws -> JSONValue

    let assets: AssetRegistry

    /// An inspection; the kind `amount` uses the assets.
    package init(assets: AssetRegistry) {
        self.assets = assets
    }

    /// The kinds of input that can be inspected.
    package static var kinds: [String] { table.keys.sorted() }

    private static let table: [String: Kind] = [
        "amount": { try $0.amount($1) },
        "ton-address": { try $0.tonAddress($1) },
        "ton-boc": { try $0.tonBag($1) },
        "ton-mnemonic": { try $0.tonMnemonic($1) },
        "ton-wallet-address": { try $0.tonWalletAddress($1) },
        "ton-sign-transfer": { try $0.tonSignTransfer($1) },
        "ton-highload-transfer": { try $0.tonHighloadTransfer($1) },
        "ton-block-header": { try $0.tonBlockHeader($1) },
        "ton-block-proof": { try $0.tonBlockProof($1) },
        "ton-transaction": { try $0.tonTransaction($1) },
        "ton-message-body": { try $0.tonMessageBody($1) },
        "ton-jetton-wallet": { try $0.tonJettonWallet($1) },
        "ton-proof": { try $0.tonProof($1) },
        "keccak256": { try $0.keccak256($1) },
        "sha256": { try $0.sha256($1) },
        "ed25519-verify": { try $0.ed25519Verify($1) },
        "ed25519-sign": { try $0.ed25519Sign($1) },
        "ecdsa-verify": { try $0.ecdsaVerify($1) },
        "ecdsa-sign": { try $0.ecdsaSign($1) },
        "ecdsa-recover": { try $0.ecdsaRecover($1) },
        "schnorr-verify": { try $0.schnorrVerify($1) },
        "rlp": { try $0.rlp($1) },
        "evm-address": { try $0.evmAddress($1) },
        "evm-transaction": { try $0.evmTransaction($1) },
        "evm-sign-transaction": { try $0.evmSignTransaction($1) },
        "evm-typed-data": { try $0.evmTypedData($1) },
        "erc20-log": { try $0.erc20Log($1) },
        "bip39": { try $0.bip39($1) },
        "init-data": { try $0.initData($1) },
        "webhook-verify": { try $0.webhookVerify($1) },
    ]

    /// Answers a line `{"id": …, "kind": …, "input": {…}}` with another, without a line break.
    package func answer(line: [UInt8]) -> [UInt8] {
        var id = JSONValue.null
        do {
            guard line.count <= Self.maximumLineBytes else { throw Failure("too_large", "a line has at most 4 MiB") }
            let request = try JSONValue(parsing: line, limits: JSONLimits(maximumBytes: Self.maximumLineBytes))
            id = request["id"] ?? .null
            guard let kind = request["kind"]?.stringValue else { throw Failure("invalid_request", "'kind' is missing") }
            let result = try inspect(kind, request["input"] ?? [:])
            return (["id": id, "ok": .bool(true), "result": result] as JSONValue).bytes
        } catch {
            return (["id": id, "ok": .bool(false), "error": Self.json(error)] as JSONValue).bytes
        }
    }

    /// Answers one request.
    ///
    /// - Returns: the result or the error, and whether it is a result.
    package func answer(kind: String, input: [UInt8]) -> (JSONValue, Bool) {
        do {
            let limits = JSONLimits(maximumBytes: Self.maximumLineBytes)
            let value = input.isEmpty ? [:] : try JSONValue(parsing: input, limits: limits)
            return (try inspect(kind, value), true)
        } catch { return (["error": Self.json(error)], false) }
    }

    private func inspect(_ kind: String, _ input: JSONValue) throws -> JSONValue {
        guard let answer = Self.table[kind] else {
            throw Failure("unsupported_kind", "there is no kind '\(kind.prefix(40))'")
        }
        guard input.members != nil else { throw Failure("invalid_request", "'input' is an object") }
        return try answer(self, InspectionInput(value: input))
    }

    private static func json(_ error: any Error) -> JSONValue {
        if let failure = error as? Failure {
            return ["code": .string(failure.code), "message": .string(failure.message)]
        }
        return ["code": error is JSONError ? "malformed_json" : "invalid_input", "message": .string("\(error)")]
    }
}
