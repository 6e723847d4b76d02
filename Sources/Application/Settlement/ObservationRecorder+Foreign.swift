import Ledger
import Money
import Payments
import Providers
import Seams
import Storage

/// What names something that was opened at another provider than the one that it came by.
///
/// It belongs to nothing here. The operator is told whose it named; the merchant whose bot or wallet it came by is not.
extension ObservationRecorder {
    /// Money whose reference was opened elsewhere waits at its own provider.
    func keepForeign(_ arrival: Arrival, in session: any SQLSession) throws -> RecordedObservation? {
        guard let reference = arrival.transfer.reference, let foreign = try foreignOption(reference, in: session) else {
            return nil
        }
        let finding = (reason: ExceptionCase.Reason.foreignReference, detail: foreign.finding)
        let suspense = AccountID.suspense(providerKey)
        return try keep(arrival, .unmatched, for: nil, onto: suspense, because: finding, in: session)
    }

    /// Opens a case about something without money that names what was opened elsewhere, once for each reference.
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

    /// The name of the case about questions that name what was opened elsewhere, of which a provider has one at a time.
    private var foreignQuestions: NaturalKey { NaturalKey("foreign_question", providerKey) }

    /// Whether a reference names what was opened elsewhere, and no case says yet that questions here do so.
    func isNewForeign(_ reference: PaymentReference, in session: any SQLSession) throws -> Bool {
        guard try foreignOption(reference, in: session) != nil else { return false }
        return try session.openCases(of: foreignQuestions).isEmpty
    }

    /// Opens a case about a question that names what was opened elsewhere, unless one is open.
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
    /// What the operator reads.
    fileprivate var finding: String {
        "it names \(object) of the merchant \(merchant), which is paid at the provider \(provider)"
    }
}
