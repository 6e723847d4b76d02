package import Money
package import Payments
package import Seams

/// Something that a provider saw happen, each with the natural key that keeps it from being booked twice.
package enum Observation: Hashable, Sendable {
    /// Money came in from outside: a payment for an option, or an unmatched payment.
    case incoming(IncomingTransfer)
    /// Money moved without being a payment: a fee, a top-up, or unused fees that came back.
    case movement(AccountMovement)
    /// One of our accounts sent a transfer. It is booked with the payout that has this hash, or as unexplained.
    case sent(SentTransfer)
    /// The rail has returned a payment: the natural keys of the return and of the payment, and the amount.
    case refunded(naturalKey: NaturalKey, payment: NaturalKey, amount: Amount, at: Timestamp)
    /// A payment or a movement that was recorded is no longer part of the rail's history.
    case vanished(NaturalKey, at: Timestamp)
    /// The outcome of one of our transfers was seen in a part of the rail's history that has changed since.
    case uncertain(transfer: String, at: Timestamp)
    /// An event deliberately has no effect on the books; it is kept so that the finance team can see why.
    case ignored(naturalKey: NaturalKey, reason: String)
    /// An event that could not be read, or whose amount is too large, is set aside for a person.
    ///
    /// `bytes` is the rail's own data, of which ``Payments/SetAside/byteLimit`` bytes are kept. Later events do not
    /// wait for it.
    case setAside(SetAside, bytes: [UInt8])
    /// What an account held: whatever changed it without a trace is found by it, before what the place itself shows.
    case mark(BalanceMark)
}

/// Money that came in.
package struct IncomingTransfer: Hashable, Sendable {
    /// The natural key, which makes it unique.
    package var naturalKey: NaturalKey
    /// The reference that it carries; nil when it carries none.
    package let reference: PaymentReference?
    /// The amount received.
    package internal(set) var amount: Amount
    /// Who sent it, in the rail's own words.
    package let payer: String?
    /// The address for a refund, in the rail's own words; nil when the rail proves none.
    package let refundTarget: String?
    /// The rail's own proof, as JSON text of an object.
    package let evidence: String
    /// When it happened, by the rail's clock.
    package var occurredAt: Timestamp
    /// When the money becomes available.
    package let availableAt: Timestamp
    /// The end of the subscription period that it pays, when the rail reports one.
    package var paidUntil: Timestamp?
    /// The way of shipping that the customer chose; nil when none was chosen.
    package let shippingOption: String?
    /// The customer's data that the rail has collected for the merchant.
    package let personalData: PersonalData?
    /// Whether only a changed balance shows it, at some place of the history.
    ///
    /// A reorganisation that moves the money to another place changes its natural key, although the money is the same.
    package var isShownByBalance = false

    /// An observed transfer.
    package init(
        naturalKey: NaturalKey,
        reference: PaymentReference?,
        amount: Amount,
        payer: String?,
        refundTarget: String?,
        evidence: String,
        occurredAt: Timestamp,
        availableAt: Timestamp,
        paidUntil: Timestamp? = nil,
        shippingOption: String? = nil,
        personalData: PersonalData? = nil
    ) {
        self.naturalKey = naturalKey
        self.reference = reference
        self.amount = amount
        self.payer = payer
        self.refundTarget = refundTarget
        self.evidence = evidence
        self.occurredAt = occurredAt
        self.availableAt = availableAt
        self.paidUntil = paidUntil
        self.shippingOption = shippingOption
        self.personalData = personalData
    }
}

/// An incoming transfer that can still be undone: it is reported, and not booked.
package struct Sighting: Hashable, Sendable {
    /// The transfer, with the natural key that it will have when it is final.
    package let transfer: IncomingTransfer
    /// The number of blocks that contain it or build on it; 0 while it is pending.
    package let confirmations: Int
    /// The number of confirmations at which it counts as final.
    package let required: Int

    /// A sighting.
    package init(transfer: IncomingTransfer, confirmations: Int, required: Int) {
        self.transfer = transfer
        self.confirmations = confirmations
        self.required = required
    }
}

/// A transfer that one of our accounts sent.
package struct SentTransfer: Hashable, Sendable {
    /// The natural key, which makes it unique.
    package let naturalKey: NaturalKey
    /// The rail's identifier of it: the ``Payments/PreparedTransfer/hash`` of a payout that we made.
    package let hash: String
    /// The movement to book when no payout of ours has this hash.
    package let movement: AccountMovement
    /// The wallet whose key has signed it, and the receivers; nil where the rail has no keys.
    package let signature: WalletSignature?
    /// How much of the asset the whole request has moved, without network fees; nil where the wallet can only send what
    /// was signed.
    ///
    /// A token's contract decides how much a transfer moves.
    package let moved: Amount?

    /// An observed transfer of ours.
    package init(
        naturalKey: NaturalKey,
        hash: String,
        movement: AccountMovement,
        signature: WalletSignature? = nil,
        moved: Amount? = nil
    ) {
        self.moved = moved
        self.naturalKey = naturalKey
        self.hash = hash
        self.movement = movement
        self.signature = signature
    }
}

/// A request signed by a wallet's key, as the chain shows it.
package struct WalletSignature: Hashable, Sendable {
    /// The wallet in the rail's canonical form.
    package let wallet: String
    /// The number that it has used, as counted by ``WalletNumbers``; nil when it cannot be read.
    package let number: Int64?
    /// The chain transaction, in the rail's own words.
    package let evidence: String
    /// The payments to others that it has made, as far as the chain shows them.
    package let payments: [SentPayment]

    /// A request signed by a wallet's key.
    package init(wallet: String, number: Int64?, evidence: String, payments: [SentPayment]) {
        self.wallet = wallet
        self.number = number
        self.evidence = evidence
        self.payments = payments
    }
}

/// A payment from a wallet to one receiver, as the chain shows it.
package struct SentPayment: Hashable, Sendable {
    /// The receiver, in the rail's canonical form.
    package let destination: String
    /// How much.
    package let amount: Amount
    /// The comment for the receiver, as bytes, because a chain accepts any.
    package let comment: [UInt8]?
    /// The number in which the rail carries our order's identifier, where it does.
    package let tag: String?

    /// A payment from a wallet.
    package init(destination: String, amount: Amount, comment: [UInt8]? = nil, tag: String? = nil) {
        self.destination = destination
        self.amount = amount
        self.comment = comment
        self.tag = tag
    }

    /// How likely it is that this is the payment of an order.
    package enum Likeness: String, Hashable, Sendable {
        /// Our identifier matches, or the receiver, the amount and a comment do.
        case certain
        /// The receiver and the amount match, and nothing contradicts them.
        case likely
    }

    /// How well this matches an order as it appears on the chain; nil when it is another payment.
    package func likeness(to order: SentPayment) -> Likeness? {
        guard destination == order.destination, amount == order.amount else { return nil }
        if let tag, let wanted = order.tag { return tag == wanted ? .certain : .likely }
        guard let comment, comment == order.comment else { return .likely }
        return .certain
    }
}

/// A change of the balance of one of our accounts on a rail that is not a payment.
package struct AccountMovement: Hashable, Sendable {
    /// The kind of change, which decides the ledger account.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The network charged a fee (negative), or returned an unused part of one (positive).
        case networkFee = "network_fee"
        /// The operator moved own money in or out.
        case ownFunds = "own_funds"
        /// The operator moved money between the wallet and cold storage.
        case coldStorage = "cold_storage"
        /// The rail took money back, for example a chargeback (negative).
        case takenBack = "taken_back"
        /// Unknown; the amount waits on the suspense account.
        case unexplained
    }

    /// The natural key, which makes it unique.
    package let naturalKey: NaturalKey
    /// The kind of change.
    package let kind: Kind
    /// By how much the account's balance changed; negative when money left.
    package let amount: Amount
    /// The reason, for a person.
    package let reason: String
    /// Its place on the rail; nil where only the natural key is known.
    package let place: RailPlace?
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp

    /// An observed change.
    package init(
        naturalKey: NaturalKey,
        kind: Kind,
        amount: Amount,
        reason: String,
        place: RailPlace? = nil,
        occurredAt: Timestamp
    ) {
        self.place = place
        self.naturalKey = naturalKey
        self.kind = kind
        self.amount = amount
        self.reason = reason
        self.occurredAt = occurredAt
    }
}
