package import Cryptography
import Payments
import Seams

/// How customers claim payments: the domain that their wallets show, and the key that challenges are made with.
package struct ClaimRules: Sendable {
    let domain: String
    let key: SecretBytes

    /// Rules for claims.
    package init(domain: String, key: SecretBytes) {
        self.domain = domain
        self.key = key
    }
}

/// The text that a customer's wallet signs to claim a payment for an invoice.
///
/// It holds the invoice, its own expiry and a MAC that only the gateway can make, so that challenges are not stored.
struct ClaimChallenge {
    /// How long a challenge can be answered.
    static let lifetime = Duration.seconds(900)

    let text: String
    let expiresAt: Timestamp

    /// A challenge for an invoice.
    init(for invoice: InvoiceID, expiresAt: Timestamp, key: SecretBytes) {
        let signed = "\(invoice.text).\(expiresAt.seconds)"
        let mac = HMAC.sha256(key: key, message: Array("claim \(signed)".utf8))
        text = "\(signed).\(Hex.encode(mac))"
        self.expiresAt = expiresAt
    }

    /// Whether a text is a challenge that the gateway made for an invoice and that has not expired.
    static func isValid(_ text: String, for invoice: InvoiceID, at now: Timestamp, key: SecretBytes) -> Bool {
        let parts = text.split(separator: ".")
        guard parts.count == 3, let seconds = Int64(parts[1]) else { return false }
        let end = Timestamp(seconds: seconds)
        let made = ClaimChallenge(for: invoice, expiresAt: end, key: key)
        return constantTimeEquals(Array(made.text.utf8), Array(text.utf8)) && now < end
    }
}
