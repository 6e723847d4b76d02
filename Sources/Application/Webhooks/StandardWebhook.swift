package import Cryptography
package import HTTPMessages
package import Seams

/// Signing and checking by Standard Webhooks 1.0.0: `id.timestamp.body`, HMAC-SHA-256 (`v1`) or Ed25519 (`v1a`).
package enum StandardWebhook {
    /// How far the time of a message may be from now, in both directions.
    package static let tolerance = Duration.seconds(300)

    /// A symmetric secret: `whsec_` and base 64 of 24 to 64 bytes.
    package struct Secret: Sendable {
        private static let prefix = "whsec_"
        let bytes: SecretBytes

        /// Reads a secret; the prefix may be left out.
        ///
        /// - Throws: ``Refusal``.
        package init(text: String) throws(Refusal) {
            let digits = text.hasPrefix(Self.prefix) ? String(text.dropFirst(Self.prefix.count)) : text
            guard let decoded = try? Base64.decode(digits, alphabet: .standard, padding: .optional),
                (24...64).contains(decoded.count)
            else { throw Refusal("the secret is not base 64 of 24 to 64 bytes") }
            bytes = SecretBytes(decoded)
            bytes.hideWhileHeld()
        }

        /// A new secret of 32 bytes.
        package init(random: some RandomSource) {
            bytes = SecretBytes.random(count: 32, from: random)
            bytes.hideWhileHeld()
        }

        /// The text that the merchant is given, once.
        package var text: String {
            Self.prefix + bytes.withUnsafeBytes { Base64.encode(Array($0)) }
        }
    }

    /// Why a message is refused, as a sentence.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// The sentence.
        package let description: String

        init(_ reason: String) {
            description = reason
        }
    }

    private static func content(_ id: String, _ seconds: Int64, _ body: [UInt8]) -> [UInt8] {
        Array("\(id).\(seconds).".utf8) + body
    }

    /// The fields that a message is sent with.
    package static func fields(id: String, at moment: Timestamp, body: [UInt8], secrets: [Secret]) -> [HTTPField] {
        let content = content(id, moment.seconds, body)
        let signatures = secrets.map { "v1," + Base64.encode(HMAC.sha256(key: $0.bytes, message: content)) }
        return [
            HTTPField("webhook-id", id), HTTPField("webhook-timestamp", "\(moment.seconds)"),
            HTTPField("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    /// The key that a message is checked with.
    package enum Verifier: Sendable {
        /// The secret that both sides know.
        case secret(Secret)
        /// The public key of the sender (`whpk_`).
        case publicKey(Ed25519.PublicKey)
    }

    /// Checks a message; any one valid signature is enough, and unknown versions are skipped.
    ///
    /// - Throws: ``Refusal``.
    package static func verify(
        _ fields: [HTTPField],
        body: [UInt8],
        by verifier: Verifier,
        now: Timestamp
    ) throws(Refusal) {
        func value(_ name: String) -> String? { fields.first { $0.name.lowercased() == name }?.value }
        guard let id = value("webhook-id"), let time = value("webhook-timestamp"),
            let signatures = value("webhook-signature"), !id.isEmpty
        else { throw Refusal("a field is missing: webhook-id, webhook-timestamp and webhook-signature are needed") }
        guard let seconds = Int64(time), "\(seconds)" == time else { throw Refusal("webhook-timestamp is no time") }
        let age = now.since(Timestamp(seconds: seconds))
        guard age <= tolerance else { throw Refusal("the message is too old") }
        guard age >= .zero - tolerance else { throw Refusal("the message comes from the future") }
        let content = content(id, seconds, body)
        for entry in signatures.split(separator: " ") {
            let parts = entry.split(separator: ",", maxSplits: 1)
            guard parts.count == 2,
                let signature = try? Base64.decode(parts[1], alphabet: .standard, padding: .optional)
            else { continue }
            if isValid(signature, version: parts[0], content, verifier) { return }
        }
        throw Refusal("no signature is valid")
    }

    private static func isValid(
        _ signature: [UInt8],
        version: Substring,
        _ content: [UInt8],
        _ verifier: Verifier
    ) -> Bool {
        switch (verifier, version) {
        case (.secret(let secret), "v1"):
            constantTimeEquals(signature, HMAC.sha256(key: secret.bytes, message: content))
        case (.publicKey(let key), "v1a"): key.isValid(signature: signature, for: content)
        default: false
        }
    }
}
