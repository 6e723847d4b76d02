package import Cryptography
package import Payments
import Records
package import Seams
import Storage

/// Seals endpoints' signing secrets, and answers that are stored for repeated requests, so that a copy of the database
/// can neither sign nor show them.
package struct EndpointSecrets: Sendable {
    private let key: SealingKey

    /// A sealer under the gateway's own key of 32 bytes.
    package init(key: SecretBytes, random: any RandomSource) {
        self.key = SealingKey(key, random: random)
    }

    /// Seals the secret of one endpoint; it cannot be opened for another.
    ///
    /// - Throws: `CryptographyError`.
    package func seal(
        _ secret: StandardWebhook.Secret,
        of endpoint: WebhookEndpointID
    ) throws(CryptographyError) -> [UInt8] {
        try key.seal(secret.bytes, for: endpoint.text)
    }

    /// The secrets that sign for an endpoint at a moment: its own, and while that is being replaced the previous one.
    ///
    /// - Throws: `CryptographyError`.
    func signing(_ endpoint: WebhookEndpointRecord, at moment: Timestamp) throws -> [StandardWebhook.Secret] {
        var secrets = [try open(endpoint.sealedSecret, of: endpoint.id)]
        if let previous = endpoint.previousSecret, let end = endpoint.previousUntil, moment < end {
            secrets.append(try open(previous, of: endpoint.id))
        }
        return secrets
    }

    /// Opens the secret of an endpoint.
    ///
    /// - Throws: `CryptographyError` when it was sealed under another key or for another endpoint.
    package func open(_ sealed: [UInt8], of endpoint: WebhookEndpointID) throws -> StandardWebhook.Secret {
        let bytes = try key.open(sealed, for: endpoint.text)
        return try StandardWebhook.Secret(text: bytes.withUnsafeBytes { Base64.encode(Array($0)) })
    }

    /// Seals an answer, which may contain a key or a secret; it cannot be opened as the answer to another request.
    ///
    /// - Throws: `CryptographyError`.
    package func seal(answer: [UInt8], to request: String) throws -> String {
        Base64.encode(try key.seal(SecretBytes(answer), for: "answer \(request)"))
    }

    /// Opens an answer.
    ///
    /// - Throws: `CryptographyError` when it was sealed under another key or for another request.
    package func open(answer: String, to request: String) throws -> [UInt8] {
        let bytes = try key.open(try Base64.decode(answer), for: "answer \(request)")
        return bytes.withUnsafeBytes { Array($0) }
    }
}
