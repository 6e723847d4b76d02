package import Money
package import Seams

/// One line of somebody else's account of our money: a provider's report, a bank's statement.
package struct StatementLine: Hashable, Sendable {
    /// What a line is about.
    package enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
        case payment
        case refund
        case refundReversed = "refund_reversed"
        case chargeback
        case chargebackReversed = "chargeback_reversed"
        case fee
        case payout
        case payoutReversed = "payout_reversed"
        case topUp = "top_up"
        case conversion
        case correction
    }

    /// The source's own name of the line, unique within the source.
    package let key: String
    /// What it is about.
    package let kind: Kind
    /// When it happened, by the source's clock.
    package let occurredAt: Timestamp
    /// What moved, with its sign: money that came to the account is positive.
    package let amount: Amount
    /// The amount before the source's fee; nil where the source does not tell it.
    package let gross: Amount?
    /// The source's fee, positive when it was taken; nil where the source does not tell it.
    package let fee: Amount?
    /// What the line refers to, by the names that its layout gives: `charge`, `payout`, `reference`.
    package let references: [String: String]
    /// The source's words about it.
    package let description: String

    /// A line.
    package init(
        key: String,
        kind: Kind,
        occurredAt: Timestamp,
        amount: Amount,
        gross: Amount? = nil,
        fee: Amount? = nil,
        references: [String: String] = [:],
        description: String = ""
    ) {
        self.key = key
        self.kind = kind
        self.occurredAt = occurredAt
        self.amount = amount
        self.gross = gross
        self.fee = fee
        self.references = references
        self.description = description
    }

    /// The line with its amount before the source's fee, as books have it that do not know the fee.
    package var beforeFee: Self {
        Self(
            key: key,
            kind: kind,
            occurredAt: occurredAt,
            amount: gross ?? amount,
            references: references,
            description: description
        )
    }
}
