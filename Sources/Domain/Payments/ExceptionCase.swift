package import Money
package import Seams

/// An exception about money that the rules cannot settle: it stays open until a person has resolved it.
package struct ExceptionCase: Hashable, Sendable {
    /// The reason of a case.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case underpaid
        case overpaid
        case late
        case repeated
        case unmatched
        /// A payment at one provider names an option of another provider, and belongs to no option here.
        case foreignReference = "foreign_reference"
        case wrongAsset = "wrong_asset"
        /// A reorganisation of the chain took back a credited payment.
        case orphaned
        /// An observation could not be read or booked, and was set aside.
        case unreadable
        /// A wallet is held until a person has looked: a transfer left by its key that was not signed here.
        case walletHeld = "wallet_held"
        /// A refund or a payout was lost on its way: a contract has kept or destroyed it.
        case undelivered
    }

    /// Whether a person has dealt with it.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case open
        case resolved
    }

    /// How a case was closed.
    package struct Resolution: Hashable, Sendable {
        /// The outcome for the money of the case.
        package enum Outcome: String, Hashable, Sendable, CaseIterable {
            /// The merchant keeps it.
            case accepted
            /// It goes back to the customer.
            case refunded
            /// It was assigned to an invoice.
            case assigned
            /// No money waits, and a person has looked at the case.
            case dismissed
            /// Later events on the rail have settled it.
            case superseded
        }

        /// The outcome for the money.
        package let outcome: Outcome
        /// The refund or the invoice that the money went to.
        package let object: String?
        /// A person's words about it, at most 500 bytes.
        package let note: String?
        /// When the case was closed.
        package let moment: Timestamp

        /// How a case was closed.
        package init(_ outcome: Outcome, object: String? = nil, note: String? = nil, at moment: Timestamp) {
            self.outcome = outcome
            self.object = object
            self.note = note
            self.moment = moment
        }
    }

    /// The case's identifier.
    package let id: CaseID
    /// The reason of a case.
    package let reason: Reason
    /// The merchant concerned, when known.
    package let merchant: MerchantID?
    /// The invoice that it concerns, when there is one.
    package let invoice: InvoiceID?
    /// The payment that it concerns, when it is about a single one.
    package let payment: PaymentID?
    /// The movement of a rail's account that it concerns, when it is about one.
    package let movement: NaturalKey?
    /// The details of that movement, for the person who looks for it on the rail.
    package var evidence: MovementEvidence?
    /// The observation that was set aside, for a case about one.
    package let setAside: SetAside?
    /// The money that waits, booked on the reason's own ledger account; nil when nothing is booked.
    package var amount: Amount?
    /// When it was opened.
    package let openedAt: Timestamp
    /// How it was closed; nil while it is open.
    package var resolution: Resolution?
    /// The number of its changes, with its making.
    package var version: Int64 = 1
    /// A sentence for the person who deals with it, in addition to the reason.
    package let detail: String?

    /// Whether the case is open or resolved.
    package var state: State { resolution == nil ? .open : .resolved }

    /// A case as it was opened or stored.
    package init(
        id: CaseID,
        reason: Reason,
        merchant: MerchantID?,
        invoice: InvoiceID?,
        payment: PaymentID?,
        movement: NaturalKey? = nil,
        evidence: MovementEvidence? = nil,
        setAside: SetAside? = nil,
        amount: Amount?,
        openedAt: Timestamp,
        resolution: Resolution? = nil,
        detail: String? = nil
    ) {
        self.id = id
        self.reason = reason
        self.merchant = merchant
        self.invoice = invoice
        self.payment = payment
        self.movement = movement
        self.evidence = evidence
        self.setAside = setAside
        self.amount = amount
        self.openedAt = openedAt
        self.resolution = resolution
        self.detail = detail
    }
}
