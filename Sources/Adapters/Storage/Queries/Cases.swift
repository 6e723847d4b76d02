import Ledger
package import Money
package import Payments
package import Records
import Seams

/// Cases.
extension SQLSession {
    static var caseColumns: String {
        """
        c.id, c.reason, c.merchant, c.invoice, c.payment, c.movement, c.asset, c.amount, c.opened_at, c.outcome,
        c.outcome_object, c.note, c.resolved_at, c.detail, c.evidence, c.version, \(SetAside.columns)
        """
    }

    /// Cases, each with its set-aside record if it has one.
    static var cases: String { "cases c LEFT JOIN set_aside s ON s.case_id = c.id" }

    /// Stores a new case.
    package func insert(_ opened: ExceptionCase) throws {
        try execute(
            """
            INSERT INTO cases (book, id, reason, merchant, invoice, payment, movement, asset, amount, state, opened_at, detail,
            evidence) VALUES ($13, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            [
                .id(opened.id), .code(opened.reason), .id(opened.merchant), .id(opened.invoice),
                .id(opened.payment), .text(opened.movement?.text), .asset(opened.amount), .units(opened.amount),
                .code(opened.state), .moment(opened.openedAt), .text(opened.detail),
                .text(opened.evidence.map(EvidenceText.write)), try place(of: opened.merchant),
            ]
        )
    }

    /// Closes a case.
    ///
    /// - Returns: whether it was open.
    package func resolve(_ id: CaseID, _ resolution: ExceptionCase.Resolution) throws -> Bool {
        try change(
            """
            UPDATE cases SET state = \(ExceptionCase.State.resolved.code), resolved_at = $1, outcome = $2,
            outcome_object = $3, note = $4, version = version + 1
            WHERE \(within()) AND id = $5 AND state = \(ExceptionCase.State.open.code)
            """,
            [
                .moment(resolution.moment), .code(resolution.outcome), .text(resolution.object),
                .text(resolution.note), .id(id),
            ]
        ) == 1
    }

    /// Stores how much waits in an open case.
    package func update(_ id: CaseID, amount: Amount) throws {
        try executeOne(
            """
            UPDATE cases SET asset = $1, amount = $2, version = version + 1 WHERE \(within()) AND id = $3
            AND state = \(ExceptionCase.State.open.code)
            """,
            [.asset(amount), .units(amount), .id(id)]
        )
    }

    /// A case.
    package func exceptionCase(_ id: CaseID) throws -> ExceptionCase? {
        try first("SELECT \(Self.caseColumns) FROM \(Self.cases) WHERE \(within("c")) AND c.id = $1", [.id(id)]) {
            try $0.exceptionCase()
        }
    }

    /// The cases about a payment.
    package func cases(of payment: PaymentID) throws -> [ExceptionCase] {
        try all(
            "SELECT \(Self.caseColumns) FROM \(Self.cases) WHERE \(within("c")) AND c.payment = $1 ORDER BY c.id",
            [.id(payment)]
        ) { try $0.exceptionCase() }
    }

    /// The open cases about an invoice.
    package func openCases(of invoice: InvoiceID) throws -> [ExceptionCase] {
        try all(
            """
            SELECT \(Self.caseColumns) FROM \(Self.cases) WHERE \(within("c")) AND c.invoice = $1
            AND c.state = \(ExceptionCase.State.open.code) ORDER BY c.id
            """,
            [.id(invoice)]
        ) { try $0.exceptionCase() }
    }

    /// The open cases about a movement of a rail's account.
    package func openCases(of movement: NaturalKey) throws -> [ExceptionCase] {
        try all(
            """
            SELECT \(Self.caseColumns) FROM \(Self.cases) WHERE \(withinOrOperators("c")) AND c.movement = $1
            AND c.state = \(ExceptionCase.State.open.code) ORDER BY c.id
            """,
            [.text(movement.text)]
        ) { try $0.exceptionCase() }
    }

    /// The operator's cases lie in the operator's book, as do those without a merchant.
    private func cases(of merchant: MerchantID, isOperator: Bool) throws -> Filter {
        guard isOperator else { return try owned(by: merchant, in: "c") }
        var filter = Filter("c.book = ", .integer(LedgerBook.operators.number))
        filter.belonging("COALESCE(c.merchant, $2) = ", .id(merchant))
        return filter
    }

    /// Cases of all merchants or of one, the newest first.
    ///
    /// - Parameters:
    ///   - merchant: whose cases; nil: everybody's.
    ///   - isOperator: whether cases without a merchant are the merchant's as well.
    ///   - state: the state.
    ///   - page: the piece.
    /// - Throws: what the database throws.
    /// - Returns: the cases.
    package func cases(
        of merchant: MerchantID?,
        isOperator: Bool = false,
        state: ExceptionCase.State,
        in page: Page
    ) throws -> [ExceptionCase] {
        var filter =
            try merchant.map { try cases(of: $0, isOperator: isOperator) } ?? Filter("c.opened_at >= ", .integer(0))
        filter.and("c.state = ", .code(state))
        return try list(Self.caseColumns, from: Self.cases, id: "c.id", of: CaseKind.self, filter, in: page) {
            try $0.exceptionCase()
        }
    }
}

extension SQLRow {
    mutating func exceptionCase() throws -> ExceptionCase {
        let (id, reason, merchant): (CaseID, ExceptionCase.Reason, MerchantID?) = (
            try id(), try code(), try optionalID()
        )
        let (invoice, payment): (InvoiceID?, PaymentID?) = (try optionalID(), try optionalID())
        let movement = try optionalText().map(NaturalKey.init(stored:))
        let (amount, openedAt, resolution) = (try optionalAmount(), try moment(), try resolution())
        let detail = try optionalText()
        let evidence = try optionalText().map(EvidenceText.read)
        let version = try integer()
        var exceptionCase = ExceptionCase(
            id: id,
            reason: reason,
            merchant: merchant,
            invoice: invoice,
            payment: payment,
            movement: movement,
            evidence: evidence,
            setAside: try optionalSetAside(),
            amount: amount,
            openedAt: openedAt,
            resolution: resolution,
            detail: detail
        )
        exceptionCase.version = version
        return exceptionCase
    }

    private mutating func resolution() throws -> ExceptionCase.Resolution? {
        let outcome = try optionalCode(ExceptionCase.Resolution.Outcome.self)
        let (object, note, moment) = (try optionalText(), try optionalText(), try optionalMoment())
        guard let outcome else { return nil }
        guard let moment else { throw StorageError(.corrupt, "a case has an outcome and no moment of it") }
        return ExceptionCase.Resolution(outcome, object: object, note: note, at: moment)
    }
}
