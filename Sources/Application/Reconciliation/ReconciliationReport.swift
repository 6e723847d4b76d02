package import Ledger
package import Money
package import Payments
package import Seams

/// The comparison of ledger and rails, with the reasons of each difference: the answer to "is all the money where it
/// should be?".
package struct ReconciliationReport: Sendable {
    /// One asset at one provider.
    package struct Line: Hashable, Sendable {
        /// The provider.
        package let provider: String
        /// The provider's balance by the ledger.
        package let ledger: Amount
        /// The balance that the provider states; nil when it cannot be asked.
        package let stated: Amount?
        /// The stated balance less the ledger's, with its sign.
        package let difference: Amount?
        /// Why they differ, or why they cannot be compared; each reason can be read alone.
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
        /// The part of the account that is scanned.
        package let subject: String
        /// The moment until which, by the rail's clock, nothing is missing.
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
    /// The period of new ledger transactions: later than this month when the clock was ahead once.
    package let currentPeriod: LedgerPeriod
    /// The trial balance of the period that was asked for; nil when none was.
    package let period: PeriodBalance?
    /// The findings of the journal's audit; empty when every seal and every balance holds.
    package let auditFindings: [String]
    /// Warnings for the operator, a sentence each; they do not make the books unclean.
    package let warnings: [String]
    /// Transfers whose fate should be known by now.
    package let overdue: [OutgoingTransfer]
    /// The open cases.
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
