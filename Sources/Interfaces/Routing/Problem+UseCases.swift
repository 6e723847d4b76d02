import Records
package import Settlement

/// The problems that stand for the errors of use cases, the same for every interface.
extension Problem {
    /// The problem that stands for a refusal of a use case.
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

    /// The problem that stands for an error that no interface handles; an internal error gives no detail.
    init(any error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as SettlementError: self.init(error)
        case is StorageError: self = .unavailable
        default: self = .internal
        }
    }
}
