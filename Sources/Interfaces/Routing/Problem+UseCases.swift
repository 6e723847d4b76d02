import Records
package import Settlement

/// What the errors of use cases are to whoever asked, whichever interface has called them.
extension Problem {
    /// The problem that a refusal of a use case is.
    package init(_ error: SettlementError) {
        let (status, title): (Int, String) =
            switch error.code {
            case .notFound: (404, "Not found")
            case .invalidRequest: (422, "Invalid request")
            case .refusedByPolicy: (422, "Refused by the rail policy")
            case .unknownAsset: (422, "Unknown asset")
            case .noRate: (422, "No rate")
            case .invalidState: (409, "Invalid state")
            case .amountTooLarge: (422, "Amount too large")
            case .amountTooSmall: (422, "Amount too small")
            case .networkFeeTooHigh: (422, "Network fee too high")
            case .destinationRefused: (422, "Destination refused")
            case .insufficientFunds: (422, "Insufficient funds")
            case .unsupported: (422, "Not supported")
            case .unavailable: (503, "Temporarily unavailable")
            case .conflict: (409, "Conflict")
            }
        self.init(
            status: status,
            code: error.code.rawValue,
            title: title,
            detail: error.reason,
            parameter: error.parameter
        )
    }

    /// The problem that any error is which no interface knows as its own; what is not meant for others gives no detail.
    init(any error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as SettlementError: self.init(error)
        case is StorageError: self = .unavailable
        default: self = .internal
        }
    }
}
