package import Ledger
package import Money
package import Payments
package import Seams

/// What the ledger says, what the rails say, and why they differ: the answer to "is all the money where it should be?".
package struct ReconciliationReport: Sendable {
    /// One asset at one provider.
    package struct Line: Hashable, Sendable {
        /// The provider.
        package let provider: String
        /// What the ledger says that the provider holds for us.
        package let ledger: Amount
        /// What the provider says; none when it cannot be asked.
        package let stated: Amount?
        /// What the provider says less what the ledger says, with its sign.
        package let difference: Amount?
        /// Why they differ, or why nothing can be said; each reason stands by itself.
        package let reasons: [String]
        /// Whether the reasons explain the whole difference.
        package let isExplained: Bool

        /// A line of the report.
        package init(
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
    package struct Watermark: Hashable, Sendable {
        /// The provider.
        package let provider: String
        /// The account.
        package let account: String
        /// What of the account is looked at.
        package let subject: String
        /// Until when, by the rail's clock, nothing is missing.
        package let completeUntil: Timestamp?
        /// Why the cursor does not move, when it does not.
        package let problem: String?

        /// A watermark.
        package init(provider: String, account: String, subject: String, completeUntil: Timestamp?, problem: String?) {
            self.provider = provider
            self.account = account
            self.subject = subject
            self.completeUntil = completeUntil
            self.problem = problem
        }
    }

    /// When the report was made.
    package let madeAt: Timestamp
    /// Ledger and rails beside each other.
    package let lines: [Line]
    /// The trial balance, from the postings.
    package let trialBalance: TrialBalance
    /// The period into which is booked now: a later one than this month's when the clock was ahead once.
    package let currentPeriod: LedgerPeriod
    /// The trial balance of the period that was asked for; nil when none was.
    package let period: PeriodBalance?
    /// What the audit of the journal found; empty when every seal and every balance holds.
    package let auditFindings: [String]
    /// What an operator should look after, a sentence each; it does not make the books unclean.
    package let warnings: [String]
    /// Transfers whose fate should be known by now.
    package let overdue: [OutgoingTransfer]
    /// What waits for a person.
    package let openCases: [ExceptionCase]
    /// How far each account's history is known.
    package let watermarks: [Watermark]
    /// How many pushed messages wait.
    package let pendingMessages: Int

    /// A report.
    package init(
        madeAt: Timestamp,
        lines: [Line],
        trialBalance: TrialBalance,
        currentPeriod: LedgerPeriod,
        period: PeriodBalance?,
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
        self.currentPeriod = currentPeriod
        self.period = period
        self.auditFindings = auditFindings
        self.warnings = warnings
        self.overdue = overdue
        self.openCases = openCases
        self.watermarks = watermarks
        self.pendingMessages = pendingMessages
    }

    /// Whether the books balance, the journal's seals hold, every difference is explained, every cursor moves and the
    /// fate of every transfer is known in time.
    package var isClean: Bool {
        trialBalance.isBalanced && (period?.isBalanced ?? true) && auditFindings.isEmpty
            && lines.allSatisfy(\.isExplained) && watermarks.allSatisfy { $0.problem == nil } && overdue.isEmpty
    }
}
