package import Payments
import StrictJSON

extension Payment {
    /// What the rail knows it by: Telegram's number of the charge, or the hash of the chain transaction; none in evidence
    /// that is neither.
    package var railReference: String? {
        let evidence = try? JSONValue(parsing: Array(evidence.utf8))
        return evidence?["telegram_payment_charge_id"]?.stringValue ?? evidence?["hash"]?.stringValue
    }
}
