public import Ledger
public import Money
public import Payments
public import Seams

/// What the ledger says, what the rails say, and why they differ: the answer to "is all the money where it should be?".
public struct ReconciliationReport: Sendable {
    /// One asset at one provider.
    public struct Line: Hashable, Sendable {
        /// The provider.
        public let provider: String
        /// What the ledger says that the provider holds for us.
        public let ledger: Amount
        /// What the provider says; none when it cannot be asked.
        public let stated: Amount?
        /// What the provider says less what the ledger says, with its sign.
        public let difference: Amount?
        /// Why they differ, or why nothing can be said; each reason stands by itself.
        public let reasons: [String]
        /// Whether the reasons explain the whole difference.
        public let isExplained: Bool

        /// A line of the report.
        public init(
            provider: String,
            ledger: Amount,
            stated: Amount?,
            difference: Amount?,
            reasons: [String],
            isExplained: Bool
        ) {
            self.provider = provider
            self.ledger = ledger
            self.stated = stated
            self.difference = difference
            self.reasons = reasons
            self.isExplained = isExplained
        }
    }

    /// How far an account's history is known.
    public struct Watermark: Hashable, Sendable {
        /// The provider.
        public let provider: String
        /// The account.
        public let account: String
        /// What of the account is looked at.
        public let subject: String
        /// Until when, by the rail's clock, nothing is missing.
        public let completeUntil: Timestamp?
        /// Why the cursor does not move, when it does not.
        public let problem: String?

        /// A watermark.
        public init(provider: String, account: String, subject: String, completeUntil: Timestamp?, problem: String?) {
            self.provider = provider
            self.account = account
            self.subject = subject
            self.completeUntil = completeUntil
            self.problem = problem
        }
    }

    /// When the report was made.
    public let madeAt: Timestamp
    /// Ledger and rails beside each other.
    public let lines: [Line]
    /// The trial balance, from the postings.
    public let trialBalance: TrialBalance
    /// What the audit of the journal found; empty when every seal and every balance holds.
    public let auditFindings: [String]
    /// What an operator should look after, a sentence each; it does not make the books unclean.
    public let warnings: [String]
    /// Transfers whose fate should be known by now.
    public let overdue: [OutgoingTransfer]
    /// What waits for a person.
    public let openCases: [ExceptionCase]
    /// How far each account's history is known.
    public let watermarks: [Watermark]
    /// How many pushed messages wait.
    public let pendingMessages: Int

    /// A report.
    public init(
        madeAt: Timestamp,
        lines: [Line],
        trialBalance: TrialBalance,
        auditFindings: [String],
        warnings: [String],
        overdue: [OutgoingTransfer],
        openCases: [ExceptionCase],
        watermarks: [Watermark],
        pendingMessages: Int
    ) {
        self.madeAt = madeAt
        self.lines = lines
        self.trialBalance = trialBalance
        self.auditFindings = auditFindings
        self.warnings = warnings
        self.overdue = overdue
        self.openCases = openCases
        self.watermarks = watermarks
        self.pendingMessages = pendingMessages
    }

    /// Whether the books balance, the journal's seals hold, every difference is explained, every cursor moves and the
    /// fate of every transfer is known in time.
    public var isClean: Bool {
        trialBalance.isBalanced && auditFindings.isEmpty && lines.allSatisfy(\.isExplained)
            && watermarks.allSatisfy { $0.problem == nil } && overdue.isEmpty
    }
}
