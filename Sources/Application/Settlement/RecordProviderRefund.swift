import Money
import Payments
import Providers
import Seams
import Storage

/// Refunds that a merchant has made at the payment provider and records here by the payment provider's numbers.
extension Settlement {
    /// Refuses a malformed number, or one that a refund of the merchant has already.
    func check(
        _ reference: String,
        of payment: Payment,
        for merchant: MerchantID,
        in session: any SQLSession
    ) throws {
        let isVisible = reference.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isVisible, (1...128).contains(reference.utf8.count) else {
            throw SettlementError(
                .invalidRequest,
                "'provider_reference' has 1 to 128 characters of visible ASCII",
                parameter: "provider_reference"
            )
        }
        if let known = try session.outgoing(elsewhere: reference, provider: payment.provider, merchant: merchant) {
            throw SettlementError(
                .conflict,
                "this refund of the payment provider is booked already, as \(known.purpose.id)",
                parameter: "provider_reference"
            )
        }
    }
}
