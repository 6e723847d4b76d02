package import Cryptography
package import Payments
import Records
package import Seams
import Storage

/// Seals what is secret and has to be kept, so that a copy of the database signs nothing and opens nothing: endpoints'
/// signing secrets, and answers that are given again to whoever asks again.
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

    /// What signs for an endpoint at a moment: its secret, and while it is being replaced the one before.
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

    /// Seals an answer, which may tell a key or a secret; it cannot be opened as the answer to another request.
    ///
    /// - Throws: `CryptographyError`.
    package func seal(answer: [UInt8], to request: String) throws -> String {
        Base64.encode(try key.sealText(SecretBytes(answer), for: "answer \(request)"))
    }

    /// Opens an answer.
    ///
    /// - Throws: `CryptographyError` when it was sealed under another key or for another request.
    package func open(answer: String, to request: String) throws -> [UInt8] {
        let bytes = try key.openText(try Base64.decode(answer), for: "answer \(request)")
        return bytes.withUnsafeBytes { Array($0) }
    }
}
