import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// Observations that name an option or media of another provider than the one that reports them.
///
/// They match nothing at the reporting provider. The operator is told whose object was named; the merchant of the
/// reporting bot or wallet is not.
extension ObservationRecorder {
    /// The finding about a payment with a foreign reference, which stays unmatched at the provider that received it; nil
    /// when it has none.
    func foreignFinding(
        of arrival: Arrival,
        in session: any SQLSession
    ) throws -> (reason: ExceptionCase.Reason, detail: String)? {
        guard let reference = arrival.transfer.reference, let foreign = try foreignOption(reference, in: session) else {
            return nil
        }
        return (.foreignReference, foreign.finding)
    }

    /// Opens a case about an update without money that has a foreign reference, once for each reference.
    func reportForeign(_ reference: PaymentReference, in session: any SQLSession) throws {
        guard let foreign = try foreignOption(reference, in: session) else { return }
        let key = NaturalKey("foreign", reference.scope, reference.value)
        let record = ObservationRecord(
            key,
            provider: providerKey,
            kind: "foreign",
            note: foreign.finding,
            payment: nil,
            at: now
        )
        guard try session.observe(record) else { return }
        try openCase(
            .foreignReference,
            of: nil,
            invoice: nil,
            payment: nil,
            movement: key,
            .zero(foreign.asset),
            detail: foreign.finding,
            in: session
        )
    }

    /// The key of the case about questions with foreign references; a provider has one at a time.
    private var foreignQuestions: NaturalKey { NaturalKey("foreign_question", providerKey) }

    /// Whether a reference is foreign, and no case about questions with foreign references is open.
    func isNewForeign(_ reference: PaymentReference, in session: any SQLSession) throws -> Bool {
        guard try foreignOption(reference, in: session) != nil else { return false }
        return try session.openCases(of: foreignQuestions).isEmpty
    }

    /// Opens a case about questions with foreign references, unless one is open.
    func reportForeignQuestion(_ reference: PaymentReference, in session: any SQLSession) throws {
        guard try isNewForeign(reference, in: session), let foreign = try foreignOption(reference, in: session) else {
            return
        }
        try openCase(
            .foreignReference,
            of: nil,
            invoice: nil,
            payment: nil,
            movement: foreignQuestions,
            .zero(foreign.asset),
            detail: "a customer was asked to pay here, and was refused: " + foreign.finding,
            in: session
        )
    }

    private func foreignOption(_ reference: PaymentReference, in session: any SQLSession) throws -> ForeignOption? {
        try session.option(reference, elsewhereThan: providerKey)
            ?? session.paidMedia(reference, elsewhereThan: providerKey)
    }
}

extension ForeignOption {
    /// The sentence that the operator reads.
    fileprivate var finding: String {
        "it names \(object) of the merchant \(merchant), which is paid at the provider \(provider)"
    }
}
