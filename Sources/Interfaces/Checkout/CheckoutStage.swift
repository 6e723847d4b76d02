import Cryptography
import Money
import Payments
import Records
import Seams
import Settlement

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
    /// A payment has arrived in an asset that this invoice is not paid in.
    case wrongAsset = "wrong_asset"
    /// The time ended when nothing but another asset had arrived.
    case closedWrongAsset = "closed_wrong_asset"
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

    /// Whether the page offers ways to pay: never while a payment is on its way, which would be paid a second time.
    var isOpen: Bool {
        switch self {
        case .waiting, .short, .wrongAsset: true
        case .seen, .confirming, .paid, .over, .late, .closedShort, .closedWrongAsset, .ending, .expired, .cancelled,
            .refunded:
            false
        }
    }

    /// Whether nothing more is to be done here.
    var isOver: Bool {
        switch self {
        case .waiting, .seen, .confirming, .short, .wrongAsset: false
        case .paid, .over, .late, .closedShort, .closedWrongAsset, .ending, .expired, .cancelled, .refunded: true
        }
    }
}

/// The facts about an invoice: only what is stored, never what a client claims.
struct CheckoutFacts: Hashable, Sendable {
    let invoice: InvoiceWithOptions
    let payments: [Payment]
    let refunds: [OutgoingTransfer]
    /// The last session with a wallet of the customer's.
    var wallet: WalletSession?

    /// The final payments.
    var standing: [Payment] { payments.filter { $0.state == .final } }

    /// The amounts that were returned, in the assets of the payments.
    var returned: [Amount] { refunds.filter { $0.status.state == .completed }.map(\.amount) }

    /// The payments of an asset that this invoice is not paid in, and that were not returned.
    var wrong: [Payment] { standing.filter { $0.classification == .wrongAsset && !isReturned($0) } }

    /// The sighting with the most confirmations, among those in an asset that the invoice is paid in.
    var progress: (seen: Amount, done: Int, required: Int)? {
        let assets = Set(invoice.options.map(\.due.asset))
        return invoice.sightings.filter { assets.contains($0.amount.asset) }.max { $0.confirmations < $1.confirmations }
            .map { sighting in
                (sighting.amount, sighting.confirmations, sighting.required)
            }
    }

    /// A short hash of these facts, which changes when the page has to.
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
        let isInTime = now <= invoice.invoice.expiresAt
        let left = standing.filter { !isReturned($0) }
        switch status.state {
        case .settled:
            if left.isEmpty, !standing.isEmpty { return .refunded }
            return status.exception == .paidOver ? .over : .paid
        case .invalid, .expired:
            if left.isEmpty, !standing.isEmpty { return .refunded }
            if status.received.isPositive, status.state == .expired { return .closedShort }
            guard !left.isEmpty else { return status.state == .invalid ? .cancelled : .expired }
            return isOnlyWrong(left) ? .closedWrongAsset : .late
        case .new, .processing:
            if let progress { return progress.done > 0 ? .confirming : .seen }
            if status.received.isPositive { return isInTime ? .short : .closedShort }
            // If only payments in another asset came and were returned in time, the order can be paid as before.
            if left.isEmpty, !standing.isEmpty, !isInTime || !isOnlyWrong(standing) { return .refunded }
            guard !left.isEmpty else { return isInTime ? .waiting : .ending }
            guard isOnlyWrong(left) else { return .late }
            return isInTime ? .wrongAsset : .closedWrongAsset
        }
    }

    private func isOnlyWrong(_ payments: [Payment]) -> Bool {
        payments.allSatisfy { $0.classification == .wrongAsset }
    }

    /// Whether a payment was returned in full.
    private func isReturned(_ payment: Payment) -> Bool {
        let parts = refunds.filter { $0.purpose.payment == payment.id && $0.status.state == .completed }
        let sum = try? Amount.sum(parts.map(\.amount), asset: payment.amount.asset)
        return sum == payment.amount
    }
}

extension OutgoingTransfer.Purpose {
    /// The payment that it returns; nil for a payout.
    fileprivate var payment: PaymentID? {
        switch self {
        case .refund(_, let payment): payment
        case .payout: nil
        }
    }
}
