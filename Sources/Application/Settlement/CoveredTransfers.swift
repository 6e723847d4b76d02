import Ledger
import Money
import Payments
import Storage

extension SQLSession {
    /// Whether the money that is set aside for a transfer is still the merchant's to send.
    ///
    /// A rail may take a payment back after its money was set aside. The merchant owes it then, and what was set aside from
    /// the balance waits, unsigned, until the balance is covered again: it would leave from other merchants' money. Money
    /// that came from elsewhere, such as an overpayment that is returned, is not the merchant's debt.
    func covers(_ transfer: OutgoingTransfer) throws -> Bool {
        let account = AccountID.merchantBalance(transfer.merchant)
        // Debits less credits: what is owed by the merchant is positive.
        guard try balance(account, of: transfer.merchant, asset: transfer.amount.asset).isPositive else { return true }
        guard let reservation = try reservation(of: transfer.purpose.id) else { return true }
        return !reservation.postings.contains { $0.account == account }
    }
}
