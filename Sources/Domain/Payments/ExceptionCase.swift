package import Money
package import Seams

/// Something about money that the rules could not settle by themselves, kept until a person has resolved it.
package struct ExceptionCase: Hashable, Sendable {
    /// What is wrong.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case underpaid
        case overpaid
        case late
        case repeated
        case unmatched
        /// What came by one provider names what was opened at another: it belongs to nothing here.
        case foreignReference = "foreign_reference"
        case wrongAsset = "wrong_asset"
        /// The rail took a payment back that was credited: a reorganisation of the chain.
        case orphaned
        /// Something on a rail could not be understood or booked, and was set aside.
        case unreadable
        /// A wallet signs nothing until a person has looked: something left by its key that was not signed here.
        case walletHeld = "wallet_held"
        /// A refund or a payout has left and is lost on its way: a contract has kept or destroyed it.
        case undelivered
    }

    /// Whether a person has dealt with it.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case open
        case resolved
    }

    /// How a case was closed.
    package struct Resolution: Hashable, Sendable {
        /// What became of the money that waited.
        package enum Outcome: String, Hashable, Sendable, CaseIterable {
            /// The merchant keeps it.
            case accepted
            /// It goes back to the customer.
            case refunded
            /// It was given to an invoice.
            case assigned
            /// Nothing waits, and a person has looked at it.
            case dismissed
            /// What happened on the rail since has settled it.
            case superseded
        }

        /// What became of the money.
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
    /// What is wrong.
    package let reason: Reason
    /// The merchant that it concerns, when that is known.
    package let merchant: MerchantID?
    /// The invoice that it concerns, when there is one.
    package let invoice: InvoiceID?
    /// The payment that it concerns, when it is about a single one.
    package let payment: PaymentID?
    /// The movement of a rail's account that it concerns, when it is about one.
    package let movement: NaturalKey?
    /// What is known of that movement, for the person who looks for it on the rail.
    package var evidence: MovementEvidence?
    /// What was set aside, for a case about that.
    package let setAside: SetAside?
    /// The money that waits, booked on the reason's own ledger account; nil when nothing is booked.
    package let amount: Amount?
    /// When it was opened.
    package let openedAt: Timestamp
    /// How it was closed; none while it is open.
    package var resolution: Resolution?
    /// What the person who deals with it should know beyond the reason, in a sentence.
    package let detail: String?

    /// Whether it waits.
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
