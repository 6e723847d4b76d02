import Money
import Payments
package import Providers
import Records
import Seams
import Storage

extension Settlement {
    /// Decides whether a rail may take a customer's money, from one indexed read, and holds its order.
    ///
    /// Fails closed: every failure becomes a refusal with a sentence for the customer. A payment that was refused can
    /// be tried again; one that was taken wrongly has to be refunded.
    ///
    /// - Parameters:
    ///   - question: the rail's question.
    ///   - provider: the provider that asks.
    /// - Returns: the decision; never an error.
    package func decide(
        _ question: ApprovalRequest,
        of provider: any PaymentProvider
    ) async -> ApprovalDecision {
        let now = clock.now()
        let order: Order?
        do { order = try await database.read { try self.order(question.reference, at: provider.key, in: $0) } } catch {
            return .refused(message: Self.uncheckable)
        }
        guard let order else {
            await reportForeign(question, of: provider, at: now)
            return .refused(message: "This order is not known. Please open a new one.")
        }
        let (option, invoice) = (order.option, order.invoice)
        let terms = provider.terms(of: option)
        if let refusal = refusal(of: question, option: option, invoice: invoice, under: terms, at: now) {
            return .refused(message: refusal)
        }
        guard case .payment = question.topic else {
            guard let ways = terms.shipping, !ways.isEmpty else { return .refused(message: Self.notShipped) }
            return .shipping(ways)
        }
        guard order.pieces ?? 1 > 0 else { return .refused(message: Self.soldOut) }
        // A payment that is taken has to be stored.
        guard await isStoring() else { return .refused(message: Self.uncheckable) }
        switch await stock(of: order, at: now) {
        case .available: break
        case .soldOut: return .refused(message: Self.soldOut)
        case .unknown: return .refused(message: Self.uncheckable)
        }
        do {
            return try await write(for: invoice.merchant) {
                try self.hold(invoice.id, for: question, of: provider, at: now, in: $0)
            }
        } catch { return .refused(message: Self.uncheckable) }
    }

    /// Tells the operator, by one case for each provider, that a question names an order of another provider.
    ///
    /// Anyone with a bot can cause as many of these questions as there are checkout pages: while the case is open,
    /// further ones are only counted among the refusals.
    private func reportForeign(_ question: ApprovalRequest, of provider: any PaymentProvider, at now: Timestamp) async {
        let recorder = ObservationRecorder(settlement: self, provider: provider, now: now, isChronological: false)
        let reference = question.reference
        do {
            guard try await database.read({ try recorder.isNewForeign(reference, in: $0) }) else { return }
            try await database.write { try recorder.reportForeignQuestion(reference, in: $0) }
        } catch {
            // The question is refused all the same; the next one tries to tell again.
        }
    }

    /// Holds an invoice for the customer whose question is approved, and with it one of the pieces that its link sells.
    ///
    /// Until the money comes or the rail gives up, every other question about the invoice is declined, also of the same
    /// customer: each approved form can be paid. The hold is stored in the database, so that it outlives a restart and
    /// other gateways see it.
    private func hold(
        _ id: InvoiceID,
        for question: ApprovalRequest,
        of provider: any PaymentProvider,
        at now: Timestamp,
        in session: any SQLSession
    ) throws -> ApprovalDecision {
        guard let invoice = try session.invoice(id), invoice.status.state.isPayable else {
            return .refused(message: Self.underWay)
        }
        let left = try pieces(for: invoice, in: session)
        if let link = invoice.paymentLink, let left,
            try session.approvals(of: link, besides: id, at: now) >= left
        {
            return .refused(message: Self.soldOut)
        }
        let approval = ApprovalRecord(
            invoice: id,
            provider: provider.key,
            question: question.id,
            link: invoice.paymentLink,
            heldUntil: now.advanced(by: max(provider.capabilities.graceAfterExpiry, Self.shortestHold))
        )
        return try session.hold(approval, of: invoice.merchant, at: now) ? .approved : .refused(message: Self.underWay)
    }

    /// The least time for which an approved form holds its invoice: the longest that Telegram keeps a pre-checkout query.
    private static let shortestHold = Duration.seconds(150)

    private static let otherTotal = "The price of this order has changed. Please open a new one."

    private static let underWay = "This order is being paid right now. If that fails, try again in three minutes."

    private static let notShipped = "This way of shipping is not offered. Please open a new order."

    private static let soldOut = "This item is sold out."

    private static let uncheckable = "The payment cannot be checked at the moment. Please try again in a minute."

    /// The data that a decision needs.
    private struct Order {
        let option: PaymentOption
        let invoice: Invoice
        /// The endpoint to ask whether the goods are in stock, and the order to ask about; nil when nobody is asked.
        let stock: (endpoint: WebhookEndpointRecord, order: InvoiceWithOptions)?
        /// How many pieces of its payment link are left for it; nil when there is no limit.
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
        under terms: OptionTerms,
        at now: Timestamp
    ) -> String? {
        switch invoice.status.state {
        case .settled: return "This order is paid already. You were not charged again."
        case .expired: return "The time to pay this order is over. Please open a new one."
        case .invalid: return "This order was cancelled."
        case .new, .processing: break
        }
        // While the time is unknown no invoice ends: an open one can be paid.
        guard now <= invoice.expiresAt || !clock.knowsTheTime else {
            return "The time to pay this order is over. Please open a new one."
        }
        if let payer = invoice.payer, String(payer) != question.payer {
            return "This order belongs to another customer."
        }
        guard case .payment(let amount) = question.topic else { return nil }
        guard amount.asset == option.due.asset else { return "The currency of this order has changed." }
        do throws(MoneyError) {
            switch try terms.fault(in: amount, for: option.due, shippedBy: question.shippingOption) {
            case nil: return nil
            case .shipping: return Self.notShipped
            case .total: return Self.otherTotal
            }
        } catch { return Self.otherTotal }
    }
}
