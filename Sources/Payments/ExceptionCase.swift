public import Money
public import Seams

/// Something about money that the rules could not settle by themselves, kept until a person has resolved it.
public struct ExceptionCase: Hashable, Sendable {
    /// What is wrong.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case underpaid
        case overpaid
        case late
        case repeated
        case unmatched
        case wrongAsset = "wrong_asset"
        /// The rail took a payment back that was credited: a reorganisation of the chain.
        case orphaned
    }

    /// Whether a person has dealt with it.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case open
        case resolved
    }

    /// The case's identifier.
    public let id: CaseID
    /// What is wrong.
    public let reason: Reason
    /// The merchant that it concerns, when that is known.
    public let merchant: MerchantID?
    /// The invoice that it concerns, when there is one.
    public let invoice: InvoiceID?
    /// The payment that it concerns, when it is about a single one.
    public let payment: PaymentID?
    /// The movement of a rail's account that it concerns, when it is about one.
    public let movement: NaturalKey?
    /// The money that waits, booked on the reason's own ledger account.
    public let amount: Amount
    /// Whether it waits.
    public let state: State
    /// When it was opened.
    public let openedAt: Timestamp

    /// A case as it was opened or stored.
    public init(
        id: CaseID,
        reason: Reason,
        merchant: MerchantID?,
        invoice: InvoiceID?,
        payment: PaymentID?,
        movement: NaturalKey? = nil,
        amount: Amount,
        state: State,
        openedAt: Timestamp
    ) {
        self.id = id
        self.reason = reason
        self.merchant = merchant
        self.invoice = invoice
        self.payment = payment
        self.movement = movement
        self.amount = amount
        self.state = state
        self.openedAt = openedAt
    }
}
