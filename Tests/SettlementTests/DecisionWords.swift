import Ledger
import Money
import Payments

@testable import Settlement

extension Change {
    /// The change in a few words; nil for those that no table names.
    var words: String? {
        switch self {
        case .order(.invoice(let invoice, _)): "invoice \(invoice.status.state.rawValue)"
        case .order(.subscription): "subscription"
        case .order: nil
        case .payment(.stored(let payment, _, _)): "payment \(payment.classification.rawValue)"
        case .payment(.state(let payment)): "payment \(payment.state.rawValue) \(payment.classification.rawValue)"
        case .ledger(let booked):
            "\(booked.kind.rawValue): "
                + booked.postings.map { "\($0.account.code.rawValue) \($0.amount.units)" }.joined(separator: ", ")
        case .reserved: "reserved"
        case .transfer(.stored(let transfer)): "transfer \(transfer.status.state.rawValue)"
        case .transfer(.state(let transfer, _, _)): "transfer \(transfer.status.state.rawValue)"
        case .transfer(.numbered(_, let number)): "number \(number)"
        case .exception(.opened(let opened)): "open \(opened.reason.rawValue)"
        case .exception(.amount(_, let amount)): "case of \(amount.units)"
        case .exception(.closed(let closed, let resolution)):
            "close \(closed.reason.rawValue) \(resolution.outcome.rawValue)"
        case .wallet(.held): "hold"
        case .wallet(.assigned): "assign"
        case .wallet(.unassigned): "unassign"
        case .wallet(.forgotNumbers(_, _, let number)): "forget from \(number)"
        case .wallet(.vanished): "vanished"
        case .wallet(.forgotReview): nil
        case .told(.payment): "tell payment"
        case .told(.orphaned): "tell orphaned"
        case .told(.invoice(let event, _)): "tell \(event.rawValue)"
        case .told(.progress(_, let invoice)): "tell now \(invoice.status.state.rawValue)"
        case .told(.transfer(let event, _)): "tell \(event.rawValue)"
        }
    }
}

extension RulesWorld {
    /// The last decision in a few words.
    var lastWords: [String] { last.compactMap(\.words) }
}
