import Money
public import Payments
public import Seams

/// What waits for a person.
extension SQLSession {
    private static var caseColumns: String {
        "c.id, c.reason, c.merchant, c.invoice, c.payment, c.movement, c.asset, c.amount, c.state, c.opened_at"
    }

    /// Stores a new case.
    public func insert(_ opened: ExceptionCase) throws {
        try execute(
            """
            INSERT INTO cases (id, reason, merchant, invoice, payment, movement, asset, amount, state, opened_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .id(opened.id), .text(opened.reason.rawValue), .id(opened.merchant), .id(opened.invoice),
                .id(opened.payment), .text(opened.movement?.text), .asset(opened.amount), .units(opened.amount),
                .text(opened.state.rawValue), .moment(opened.openedAt),
            ]
        )
    }

    /// Closes a case.
    ///
    /// - Returns: whether it was open.
    public func resolve(_ id: CaseID, at moment: Timestamp) throws -> Bool {
        try change(
            "UPDATE cases SET state = 'resolved', resolved_at = $1 WHERE id = $2 AND state = 'open'",
            [.moment(moment), .id(id)]
        ) == 1
    }

    /// The cases about a payment.
    public func cases(of payment: PaymentID) throws -> [ExceptionCase] {
        try all("SELECT \(Self.caseColumns) FROM cases c WHERE c.payment = $1 ORDER BY c.id", [.id(payment)]) {
            try $0.exceptionCase()
        }
    }

    /// The open cases about an invoice.
    public func openCases(of invoice: InvoiceID) throws -> [ExceptionCase] {
        try all(
            "SELECT \(Self.caseColumns) FROM cases c WHERE c.invoice = $1 AND c.state = 'open' ORDER BY c.id",
            [.id(invoice)]
        ) { try $0.exceptionCase() }
    }

    /// The open cases about a movement of a rail's account.
    public func openCases(of movement: NaturalKey) throws -> [ExceptionCase] {
        try all(
            "SELECT \(Self.caseColumns) FROM cases c WHERE c.movement = $1 AND c.state = 'open' ORDER BY c.id",
            [.text(movement.text)]
        ) { try $0.exceptionCase() }
    }

    /// Cases of all merchants or of one, the newest first.
    public func cases(of merchant: MerchantID?, state: ExceptionCase.State, in page: Page) throws -> [ExceptionCase] {
        var filter = Filter("c.state = ", .text(state.rawValue))
        if let merchant { filter.and("c.merchant = ", .id(merchant)) }
        return try list(Self.caseColumns, from: "cases c", id: "c.id", filter, in: page) { try $0.exceptionCase() }
    }
}

extension SQLRow {
    mutating func exceptionCase() throws -> ExceptionCase {
        ExceptionCase(
            id: try id(),
            reason: try word(),
            merchant: try optionalID(),
            invoice: try optionalID(),
            payment: try optionalID(),
            movement: try optionalText().map(NaturalKey.init(stored:)),
            amount: try amount(),
            state: try word(),
            openedAt: try moment()
        )
    }
}
