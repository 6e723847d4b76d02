package import Payments
import StrictJSON

extension Payment {
    /// The rail's identifier of it: Telegram's charge identifier, or the hash of the chain transaction; nil when the
    /// evidence has neither.
    package var railReference: String? {
        let evidence = try? JSONValue(parsing: Array(evidence.utf8))
        return evidence?["telegram_payment_charge_id"]?.stringValue ?? evidence?["hash"]?.stringValue
    }
}
