import Seams

/// Why a customer's wallet cannot be asked to pay.
package struct WalletPaymentError: CodedError {
    /// How the error's text begins.
    package static let domain = "wallet payment"

    /// The kind of refusal.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is no such invoice, option or wallet.
        case notFound
        /// The invoice can no longer be paid, or the option not by wallets.
        case notPayable
        /// The limit of open sessions is reached.
        case tooMany
    }

    /// The kind of refusal.
    package let code: Code
    /// What went wrong, for a person.
    package let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}
