import Cryptography
import Money
import Payments
import Seams
import Settlement
import Storage

/// Where an invoice stands for its customer.
enum CheckoutStage: String, Hashable, Sendable, CaseIterable {
    /// Nothing has been seen.
    case waiting
    /// A payment is on its way, in no block yet or in the first.
    case seen
    /// A payment is in a block that others build on.
    case confirming
    /// A part has arrived.
    case short
    /// All has arrived.
    case paid
    /// More than all has arrived.
    case over
    /// It arrived after the time had ended.
    case late
    /// The time ended when only a part had arrived.
    case closedShort = "closed_short"
    /// The time is over, and what was sent in time may still be on its way.
    case ending
    /// The time is over, and nothing has arrived.
    case expired
    /// The merchant called the invoice off.
    case cancelled
    /// Everything was returned.
    case refunded

    /// Whether the page still offers ways to pay.
    var isOpen: Bool {
        switch self {
        case .waiting, .seen, .confirming, .short: true
        case .paid, .over, .late, .closedShort, .ending, .expired, .cancelled, .refunded: false
        }
    }
}

/// What is known of an invoice: what was stored, and nothing that a client says.
struct CheckoutFacts: Hashable, Sendable {
    let invoice: InvoiceWithOptions
    let payments: [Payment]
    let refunds: [OutgoingTransfer]
    /// The last session with a wallet of the customer's.
    var wallet: WalletSession?

    /// The payments that stand.
    var standing: [Payment] { payments.filter { $0.state == .final } }

    /// What was returned of the payments, in their own assets.
    var returned: [Amount] { refunds.filter { $0.status.state == .completed }.map(\.amount) }

    /// The furthest of what was seen and is not final.
    var progress: (seen: Amount, done: Int, required: Int)? {
        invoice.sightings.max { $0.confirmations < $1.confirmations }.map { sighting in
            (sighting.amount, sighting.confirmations, sighting.required)
        }
    }

    /// What stands for all of this: it changes when something was seen.
    func revision(at now: Timestamp) -> String {
        let progress = progress.map { "\($0.seen.units) \($0.done) \($0.required)" } ?? ""
        let parts = [
            stage(at: now).rawValue, "\(invoice.invoice.status.received.units)", progress, "\(standing.count)",
            "\(returned.count)", wallet.map { "\($0.opening.id) \($0.state)" } ?? "",
            invoice.options.map { "\($0.due.units)" }.joined(separator: " "),
        ]
        return Hex.encode(SHA256.hash(Array(parts.joined(separator: "|").utf8)).prefix(8))
    }

    func stage(at now: Timestamp) -> CheckoutStage {
        let status = invoice.invoice.status
        if isReturned { return .refunded }
        switch status.state {
        case .settled: return status.exception == .paidOver ? .over : .paid
        case .invalid: return standing.isEmpty ? .cancelled : .late
        case .expired:
            if status.received.isPositive { return .closedShort }
            return standing.isEmpty ? .expired : .late
        case .new, .processing:
            if let progress { return progress.done > 0 ? .confirming : .seen }
            let isInTime = now <= invoice.invoice.expiresAt
            if status.received.isPositive { return isInTime ? .short : .closedShort }
            if !standing.isEmpty { return .late }
            return isInTime ? .waiting : .ending
        }
    }

    /// Whether every payment was returned in full.
    private var isReturned: Bool {
        !standing.isEmpty
            && standing.allSatisfy { payment in
                let parts = refunds.filter { $0.purpose.payment == payment.id && $0.status.state == .completed }
                let sum = try? Amount.sum(parts.map(\.amount), asset: payment.amount.asset)
                return sum == payment.amount
            }
    }
}

extension OutgoingTransfer.Purpose {
    /// The payment that it returns; none for a payout.
    fileprivate var payment: PaymentID? {
        switch self {
        case .refund(_, let payment): payment
        case .payout: nil
        }
    }
}
