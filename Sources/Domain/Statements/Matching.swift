package import Money
package import Seams

/// A row of our own books that a source's statement should have.
package struct ExpectedRow: Hashable, Sendable {
    /// Our identifier of it, unique.
    package let id: String
    /// What it is about.
    package let kind: StatementLine.Kind
    /// When it happened, by the rail's clock.
    package let occurredAt: Timestamp
    /// Until when the source's statement has to have it; before, its absence means nothing.
    package let dueAt: Timestamp
    /// What should have moved on the account at the source, with its sign.
    package let amount: Amount
    /// What it is known by at the source.
    package let references: [String: String]

    /// A row.
    package init(
        id: String,
        kind: StatementLine.Kind,
        occurredAt: Timestamp,
        dueAt: Timestamp,
        amount: Amount,
        references: [String: String]
    ) {
        self.id = id
        self.kind = kind
        self.occurredAt = occurredAt
        self.dueAt = dueAt
        self.amount = amount
        self.references = references
    }
}

/// What the comparison of a statement with our books has found about some rows.
package struct Finding: Hashable, Sendable {
    /// The verdict.
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Ours, and the source need not have it yet.
        case expected
        /// Both have it, and all that is known agrees.
        case matched
        /// Both have it with a difference that the rule tolerates: a person accepts it.
        case suggested
        case amountDiffers = "amount_differs"
        case currencyDiffers = "currency_differs"
        /// Both have it, outside the days that the rule allows.
        case late
        /// The source has it and we do not.
        case missingHere = "missing_here"
        /// We have it and the source does not, past its term.
        case missingThere = "missing_there"
        /// The source tells again what it has told.
        case duplicate
    }

    /// The verdict.
    package let state: State
    /// The rule that it is by; nil where none applied.
    package let rule: String?
    /// The keys of the lines, in order.
    package let lines: [String]
    /// The identifiers of our rows, in order.
    package let expected: [String]
    /// The statement's sum less ours; nil where there is nothing to subtract.
    package let difference: AmountSum?
    /// What differs, in words.
    package let words: [String]

    init(
        _ state: State,
        rule: String? = nil,
        lines: [StatementLine] = [],
        expected: [ExpectedRow] = [],
        difference: AmountSum? = nil,
        words: [String] = []
    ) {
        self.state = state
        self.rule = rule
        self.lines = lines.map(\.key).sorted()
        self.expected = expected.map(\.id).sorted()
        self.difference = difference
        self.words = words
    }

    /// Whether a person has to look at it.
    package var isException: Bool { state != .matched && state != .expected }
}
