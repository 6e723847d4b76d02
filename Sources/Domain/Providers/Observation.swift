package import Money
package import Payments
package import Seams

/// Something that a provider saw happen, each with the natural key that keeps it from being booked twice.
package enum Observation: Hashable, Sendable {
    /// Money came in from outside: a payment for an option, or for nothing that is known.
    case incoming(IncomingTransfer)
    /// Money moved in a way that is no payment: a fee, a top-up, change that came back.
    case movement(AccountMovement)
    /// One of our accounts sent something; booked with the payout that has this hash, unexplained when none has it.
    case sent(SentTransfer)
    /// The rail has returned a payment: the natural keys of the return and of what was returned, and how much.
    case refunded(naturalKey: NaturalKey, payment: NaturalKey, amount: Amount, at: Timestamp)
    /// A payment or a movement that was recorded is no longer part of the rail's history.
    case vanished(NaturalKey, at: Timestamp)
    /// A transfer of ours whose end was seen in a part of the rail's history that has changed.
    case uncertain(transfer: String, at: Timestamp)
    /// Something was looked at and deliberately has no effect on the books; kept so that a finance person can see why.
    case ignored(naturalKey: NaturalKey, reason: String)
    /// Something that could not be understood, or whose amount fits nothing, with what the rail said, of which
    /// ``Payments/SetAside/byteLimit`` bytes are kept: it waits for a person, and nothing after it does.
    case setAside(SetAside, bytes: [UInt8])
}

/// Money that came in.
package struct IncomingTransfer: Hashable, Sendable {
    /// What makes it unique.
    package var naturalKey: NaturalKey
    /// What it says it pays; none when it says nothing.
    package let reference: PaymentReference?
    /// What came in.
    package internal(set) var amount: Amount
    /// Who sent it, in the rail's own words.
    package let payer: String?
    /// Where a refund goes, in the rail's own words; none when the rail does not prove one.
    package let refundTarget: String?
    /// The rail's own proof, as JSON text of an object.
    package let evidence: String
    /// When it happened, by the rail's clock.
    package var occurredAt: Timestamp
    /// From when it can be used.
    package let availableAt: Timestamp
    /// Until when a period of a subscription is paid by it, when the rail says so.
    package var paidUntil: Timestamp?
    /// The way of shipping that the customer chose; nil when none was chosen.
    package let shippingOption: String?
    /// What the rail has asked of the customer in the merchant's name.
    package let personalData: PersonalData?
    /// Whether only the balance of an account tells of it, at some place of the history: when a reorganisation puts the
    /// money at another place, its natural key is another one, and it is the same money.
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

/// Money that was seen on its way in and can still be undone: it is told, and not booked.
package struct Sighting: Hashable, Sendable {
    /// What was seen; the same natural key as when it is final.
    package let transfer: IncomingTransfer
    /// How many blocks have it or build on it; 0 while it waits.
    package let confirmations: Int
    /// With how many it counts as final.
    package let required: Int

    /// Money that was seen.
    package init(transfer: IncomingTransfer, confirmations: Int, required: Int) {
        self.transfer = transfer
        self.confirmations = confirmations
        self.required = required
    }
}

/// Something that one of our accounts sent.
package struct SentTransfer: Hashable, Sendable {
    /// What makes it unique.
    package let naturalKey: NaturalKey
    /// What the rail knows it by: the ``Payments/PreparedTransfer/hash`` of a payout that we made.
    package let hash: String
    /// What it changes when no payout of ours has this hash.
    package let movement: AccountMovement
    /// Which wallet's key has signed it, and for whom; nil where the rail knows no keys.
    package let signature: WalletSignature?
    /// What left by the whole request of the asset that moved, without fees of the network; nil where the wallet can send
    /// nothing but what was signed.
    ///
    /// A token's contract decides itself what a transfer moves.
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

/// What the key of a wallet has signed, as the chain shows it.
package struct WalletSignature: Hashable, Sendable {
    /// The wallet in the rail's canonical form.
    package let wallet: String
    /// The number that it has used, as ``WalletNumbers`` counts; nil when it cannot be read.
    package let number: Int64?
    /// The chain transaction, in the rail's own words.
    package let evidence: String
    /// What has left by it for others, as far as the chain shows it.
    package let payments: [SentPayment]

    /// What the key of a wallet has signed.
    package init(wallet: String, number: Int64?, evidence: String, payments: [SentPayment]) {
        self.wallet = wallet
        self.number = number
        self.evidence = evidence
        self.payments = payments
    }
}

/// Money that has left a wallet for one receiver, as the chain shows it.
package struct SentPayment: Hashable, Sendable {
    /// Who gets it, in the rail's canonical form.
    package let destination: String
    /// How much.
    package let amount: Amount
    /// What the receiver reads, as bytes: a chain takes any.
    package let comment: [UInt8]?
    /// The number by which the rail carries our identifier of the order, where it does.
    package let tag: String?

    /// Money that has left.
    package init(destination: String, amount: Amount, comment: [UInt8]? = nil, tag: String? = nil) {
        self.destination = destination
        self.amount = amount
        self.comment = comment
        self.tag = tag
    }

    /// How much speaks for it that this is the payment of an order that looks so.
    package enum Likeness: String, Hashable, Sendable {
        /// Our identifier, or the receiver, the amount and a comment.
        case certain
        /// The receiver and the amount, and nothing against it.
        case likely
    }

    /// How alike this is to what an order looks like on the chain; nil when it is another payment.
    package func likeness(to order: SentPayment) -> Likeness? {
        guard destination == order.destination, amount == order.amount else { return nil }
        if let tag, let wanted = order.tag { return tag == wanted ? .certain : .likely }
        guard let comment, comment == order.comment else { return .likely }
        return .certain
    }
}

/// A change of one of our accounts on a rail that is no payment.
package struct AccountMovement: Hashable, Sendable {
    /// What kind of change it is, which decides the ledger account.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The network charged for something (negative), or gave back what it did not need (positive).
        case networkFee = "network_fee"
        /// The operator moved own money in or out.
        case ownFunds = "own_funds"
        /// The operator moved money between the wallet and cold storage.
        case coldStorage = "cold_storage"
        /// The rail took money back, for example a chargeback (negative).
        case takenBack = "taken_back"
        /// Nobody knows; it waits on the suspense account.
        case unexplained
    }

    /// What makes it unique.
    package let naturalKey: NaturalKey
    /// What kind of change it is.
    package let kind: Kind
    /// By how much the account's balance changed; negative when money left.
    package let amount: Amount
    /// Why, for a person.
    package let reason: String
    /// Where it is found on the rail; none where only the natural key tells.
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
