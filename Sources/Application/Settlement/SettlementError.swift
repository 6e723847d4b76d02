import Money
import Payments
import Providers
import Seams

/// A refusal or failure of a use case: a code that callers match, and a reason that people read.
package struct SettlementError: CodedError {
    /// How the error's text begins.
    package static let domain = "settlement"

    /// The kind of refusal; stable, and part of the API.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case notFound = "not_found"
        case invalidRequest = "invalid_request"
        case refusedByPolicy = "refused_by_policy"
        case unknownAsset = "unknown_asset"
        case noRate = "no_rate"
        case invalidState = "invalid_state"
        case amountTooLarge = "amount_too_large"
        case amountTooSmall = "amount_too_small"
        case networkFeeTooHigh = "network_fee_too_high"
        case destinationRefused = "destination_refused"
        case insufficientFunds = "insufficient_funds"
        case unsupported
        case unavailable
        case conflict
    }

    /// The kind of refusal.
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String
    /// The field of the request that is wrong, when one is.
    package let parameter: String?

    /// A refusal of the kind `code`.
    package init(_ code: Code, _ reason: String, parameter: String? = nil) {
        self.code = code
        self.reason = reason
        self.parameter = parameter
    }

    init(_ error: PaymentsError) {
        switch error {
        case .invalidTransition(let reason): self.init(.invalidState, reason)
        case .amount(let error): self.init(.invalidRequest, error.reason)
        case .refusedByPolicy(let rule, let reason): self.init(.refusedByPolicy, "\(reason) (rule \(rule))")
        }
    }

    /// A provider's refusal of what a merchant asked for.
    ///
    /// The reason why a rail is unavailable is left out: it may name hosts and internal keys, and is for the operator's
    /// log.
    init(_ error: ProviderError) {
        switch error.code {
        case .unavailable, .lagging, .gap, .malformed, .tooLate, .held, .flooded:
            self.init(.unavailable, "the payment network does not answer at the moment; try again later")
        case .refused, .invalidRequest: self.init(.invalidRequest, error.reason)
        case .unsupported: self.init(.unsupported, error.reason)
        }
    }
}
