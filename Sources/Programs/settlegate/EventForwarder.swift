import CommandParts
import Cryptography
import HTTPMessages
import HTTPTransport
import Seams
import StrictJSON
import Webhooks

/// Sends events of a merchant to a developer's own server, signed as the gateway signs.
struct EventForwarder {
    let url: String
    let secret: StandardWebhook.Secret

    /// Sends an event in the form in which the interface shows it.
    ///
    /// - Returns: the outcome, for a person.
    func forward(_ event: JSONValue) async -> String {
        let body = JSONValue.object((event.members ?? []).filter { $0.key != "object" }).bytes
        let id = event["id"]?.stringValue ?? ""
        let now = SystemClock().now()
        let fields = StandardWebhook.fields(id: id, at: now, body: body, secrets: [secret])
        let request = HTTPRequest(
            method: "POST",
            url: url,
            fields: [HTTPField("Content-Type", "application/json")] + fields,
            body: body,
            timeout: .seconds(15)
        )
        do { return "\(try await MerchantOptions.transport.send(request).status)" } catch { return "failed: \(error)" }
    }
}

extension MerchantOptions {
    /// The secret that signs forwarded events; derived from the API key, so that it stays the same between runs.
    func forwardingSecret() throws -> StandardWebhook.Secret {
        let bytes = HMAC.sha256(key: Array(try key().utf8), message: Array("settlegate listen".utf8))
        return try StandardWebhook.Secret(text: "whsec_" + Base64.encode(bytes))
    }
}
