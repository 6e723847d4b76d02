import Money
import Payments
public import Providers
import Seams
import Storage
import Synchronization

extension Settlement {
    /// Decides whether a rail may take a customer's money, from one indexed read.
    ///
    /// Fails closed: whatever goes wrong becomes a refusal with a sentence for the customer, because a payment that was
    /// not taken can be tried again, and one that should not have been taken has to be sent back.
    ///
    /// - Parameters:
    ///   - question: the rail's question.
    ///   - provider: who asks.
    /// - Returns: the decision; never an error.
    public func decide(
        _ question: ApprovalRequest,
        of provider: any PaymentProvider
    ) async -> ApprovalDecision {
        let now = clock.now()
        let order: Order?
        do { order = try await database.read { try self.order(question.reference, at: provider.key, in: $0) } } catch {
            return .refused(message: Self.uncheckable)
        }
        guard let order else {
            return .refused(message: "This order is not known. Please open a new one.")
        }
        let (option, invoice) = (order.option, order.invoice)
        if let refusal = refusal(of: question, option: option, invoice: invoice, at: now) {
            return .refused(message: refusal)
        }
        guard case .payment = question.topic else { return .shipping(option.due.asset) }
        guard order.pieces ?? 1 > 0 else { return .refused(message: Self.soldOut) }
        switch await stock(of: order, at: now) {
        case .available: break
        case .soldOut: return .refused(message: Self.soldOut)
        case .unknown: return .refused(message: Self.uncheckable)
        }
        let piece = invoice.paymentLink.flatMap { link in order.pieces.map { (link: link, left: $0) } }
        switch reservations.reserve(invoice.id, for: question.payer, piece: piece, at: now) {
        case .reserved: return .approved
        case .heldByAnother: return .refused(message: "Somebody else is paying this order right now.")
        case .soldOut: return .refused(message: Self.soldOut)
        }
    }

    private static let soldOut = "This item is sold out."

    private static let uncheckable = "The payment cannot be checked at the moment. Please try again in a minute."

    /// What a decision needs to know.
    private struct Order {
        let option: PaymentOption
        let invoice: Invoice
        /// Whom to ask whether the goods are there, and about what.
        let stock: (endpoint: WebhookEndpointRecord, order: InvoiceWithOptions)?
        /// How many pieces of what its link sells are left for it; nil when there is no limit.
        let pieces: Int?
    }

    private func order(
        _ reference: PaymentReference,
        at provider: String,
        in session: any SQLSession
    ) throws -> Order? {
        guard let match = try session.option(reference, at: provider) else { return nil }
        let endpoint = try session.stockEndpoint(of: match.invoice.merchant)
        let stock = try endpoint.map { ($0, try InvoiceWithOptions(match, in: session)) }
        let pieces = try pieces(for: match.invoice, in: session)
        return Order(option: match.option, invoice: match.invoice, stock: stock, pieces: pieces)
    }

    private func stock(of order: Order, at now: Timestamp) async -> StockAnswer {
        guard let (endpoint, order) = order.stock else { return .available }
        guard let question = try? stockQuestion(about: order, at: now) else { return .unknown }
        return await stock(question, endpoint)
    }

    private func refusal(
        of question: ApprovalRequest,
        option: PaymentOption,
        invoice: Invoice,
        at now: Timestamp
    ) -> String? {
        switch invoice.status.state {
        case .settled: return "This order is paid already. You were not charged again."
        case .expired: return "The time to pay this order is over. Please open a new one."
        case .invalid: return "This order was cancelled."
        case .new, .processing: break
        }
        guard now <= invoice.expiresAt else { return "The time to pay this order is over. Please open a new one." }
        if let payer = invoice.payer, String(payer) != question.payer {
            return "This order belongs to another customer."
        }
        guard case .payment(let amount) = question.topic else { return nil }
        guard amount.asset == option.due.asset else { return "The currency of this order has changed." }
        guard let extra = try? amount.subtracting(option.due), !extra.isNegative else {
            return "The price of this order has changed. Please open a new one."
        }
        // Telegram adds tips and shipping to the price; without them the amount has to be the price to the unit.
        return extra.isZero || question.allowsExtras
            ? nil : "The price of this order has changed. Please open a new one."
    }
}

/// Who is about to pay what: one customer at a time pays an order, from the approval until the money comes or the rail
/// gives up.
///
/// Kept in memory only. When the process restarts in between, a second customer may be approved, and the second payment
/// becomes a case: that is the safe way to be wrong.
final class ApprovalReservations: Sendable {
    /// The longest that Telegram keeps a pre-checkout query (150 s).
    private static let lifetime = Duration.seconds(150)
    /// Above this many, old ones are removed before a new one is made.
    private static let cleanAbove = 10_000

    /// What became of a wish to pay.
    enum Answer: Hashable, Sendable {
        case reserved
        case heldByAnother
        case soldOut
    }

    private struct Reservation {
        let payer: String
        let link: PaymentLinkID?
        let until: Timestamp
    }

    private let held = Mutex<[InvoiceID: Reservation]>([:])

    /// Reserves an invoice for a payer, and with it one of the pieces that are left of its link.
    func reserve(
        _ invoice: InvoiceID,
        for payer: String,
        piece: (link: PaymentLinkID, left: Int)?,
        at now: Timestamp
    ) -> Answer {
        held.withLock { held in
            if held.count > Self.cleanAbove { held = held.filter { $0.value.until > now } }
            if let other = held[invoice], other.until > now, other.payer != payer { return .heldByAnother }
            if let piece {
                let others = held.count { $0.key != invoice && $0.value.link == piece.link && $0.value.until > now }
                guard others < piece.left else { return .soldOut }
            }
            let until = now.advanced(by: Self.lifetime)
            held[invoice] = Reservation(payer: payer, link: piece?.link, until: until)
            return .reserved
        }
    }

    /// Forgets what was reserved for an invoice: its money is here.
    func release(_ invoice: InvoiceID) { held.withLock { _ = $0.removeValue(forKey: invoice) } }
}
