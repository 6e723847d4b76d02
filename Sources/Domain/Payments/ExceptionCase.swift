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
        /// What came by one provider names what was opened at another: it belongs to nothing here.
        case foreignReference = "foreign_reference"
        case wrongAsset = "wrong_asset"
        /// The rail took a payment back that was credited: a reorganisation of the chain.
        case orphaned
        /// Something on a rail could not be understood or booked, and was set aside.
        case unreadable
        /// A wallet signs nothing until a person has looked: something left by its key that was not signed here.
        case walletHeld = "wallet_held"
    }

    /// Whether a person has dealt with it.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case open
        case resolved
    }

    /// How a case was closed.
    public struct Resolution: Hashable, Sendable {
        /// What became of the money that waited.
        public enum Outcome: String, Hashable, Sendable, CaseIterable {
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
        public let outcome: Outcome
        /// The refund or the invoice that the money went to.
        public let object: String?
        /// A person's words about it, at most 500 bytes.
        public let note: String?
        /// When the case was closed.
        public let moment: Timestamp

        /// How a case was closed.
        public init(_ outcome: Outcome, object: String? = nil, note: String? = nil, at moment: Timestamp) {
            self.outcome = outcome
            self.object = object
            self.note = note
            self.moment = moment
        }
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
    /// What is known of that movement, for the person who looks for it on the rail.
    public var evidence: MovementEvidence?
    /// What was set aside, for a case about that.
    public let setAside: SetAside?
    /// The money that waits, booked on the reason's own ledger account; nil when nothing is booked.
    public let amount: Amount?
    /// When it was opened.
    public let openedAt: Timestamp
    /// How it was closed; none while it is open.
    public var resolution: Resolution?
    /// What the person who deals with it should know beyond the reason, in a sentence.
    public let detail: String?

    /// Whether it waits.
    public var state: State { resolution == nil ? .open : .resolved }

    /// A case as it was opened or stored.
    public init(
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
