package import Ledger
import Money
package import Payments
import Providers
import Seams

/// The postings of each kind of event, defined here alone.
///
/// Debits are positive. Money that a rail holds for us is a debit on `provider_receivable`; what we owe is a credit.
struct Bookkeeping {
    /// The fee that the gateway keeps of what a merchant receives, in hundredths of a percent.
    let feeBasisPoints: Int

    /// A payment settles an invoice: the merchant gets it less the fee, and the excess waits.
    func settle(_ amount: Amount, excess: Amount, from source: AccountID, to merchant: MerchantID) throws -> [Posting] {
        let earned = try amount.subtracting(excess)
        let fee = try earned.portion(basisPoints: feeBasisPoints, rounding: .towardZero)
        return [
            Posting(account: source, amount: amount),
            Posting(account: .merchantBalance(merchant), amount: try earned.subtracting(fee).negated()),
            Posting(account: .feeIncome, amount: try fee.negated()),
            Posting(account: .overpayments(merchant), amount: try excess.negated()),
        ]
        .filter { !$0.amount.isZero }
    }

    /// Money moves from one account to another, for example from a rail onto an account where it waits.
    static func move(_ amount: Amount, from source: AccountID, to target: AccountID) throws -> [Posting] {
        [Posting(account: source, amount: amount), Posting(account: target, amount: try amount.negated())]
    }

    /// A change of a provider's account that is no payment.
    static func movement(_ movement: AccountMovement, at provider: String) throws -> [Posting] {
        let counterpart: AccountID =
            switch movement.kind {
            case .networkFee: .networkFees
            case .ownFunds: .ownFunds
            case .coldStorage: .coldStorage(provider)
            case .takenBack: .providerLosses
            case .unexplained: .suspense(provider)
            }
        return [
            Posting(account: .providerReceivable(provider), amount: movement.amount),
            Posting(account: counterpart, amount: try movement.amount.negated()),
        ]
    }

    /// A transfer has left: the amount that was set aside is gone, and so is the network's fee.
    static func sent(_ amount: Amount, fee: Amount?, from provider: String, reserved: AccountID) throws -> [Posting] {
        var postings = [
            Posting(account: reserved, amount: amount),
            Posting(account: .providerReceivable(provider), amount: try amount.negated()),
        ]
        if let fee, !fee.isZero { postings += try charged(fee, at: provider) }
        return postings
    }

    /// The network charged us.
    static func charged(_ fee: Amount, at provider: String) throws -> [Posting] {
        [
            Posting(account: .networkFees, amount: fee),
            Posting(account: .providerReceivable(provider), amount: try fee.negated()),
        ]
    }
}

/// The accounts of the chart by their names; `Config/chart-of-accounts.yaml` says what each means.
extension AccountID {
    static func providerReceivable(_ provider: String) -> Self { Self("provider_receivable", scope: provider) }
    static func customerClearing(_ merchant: MerchantID) -> Self { Self("customer_clearing", scope: merchant.text) }
    /// What is owed to a merchant.
    package static func merchantBalance(_ merchant: MerchantID) -> Self {
        Self("merchant_balance", scope: merchant.text)
    }
    static func refundsPayable(_ merchant: MerchantID) -> Self { Self("refunds_payable", scope: merchant.text) }
    static func payoutsPayable(_ merchant: MerchantID) -> Self { Self("payouts_payable", scope: merchant.text) }
    static func underpayments(_ merchant: MerchantID) -> Self { Self("underpayments", scope: merchant.text) }
    static func overpayments(_ merchant: MerchantID) -> Self { Self("overpayments", scope: merchant.text) }
    static func latePayments(_ merchant: MerchantID) -> Self { Self("late_payments", scope: merchant.text) }
    static func repeatedPayments(_ merchant: MerchantID) -> Self { Self("repeated_payments", scope: merchant.text) }
    static func wrongAsset(_ merchant: MerchantID) -> Self { Self("wrong_asset", scope: merchant.text) }
    static func suspense(_ provider: String) -> Self { Self("suspense", scope: provider) }
    static func coldStorage(_ provider: String) -> Self { Self("cold_storage", scope: provider) }
    /// What the gateway has kept of payments.
    package static let feeIncome = Self("fee_income", scope: nil)
    static let networkFees = Self("network_fees", scope: nil)
    static let ownFunds = Self("own_funds", scope: nil)
    static let providerLosses = Self("provider_losses", scope: nil)

    private init(_ code: String, scope: String?) {
        self.init(code: AccountCode(code), scope: scope)
    }
}
