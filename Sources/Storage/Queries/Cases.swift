public import Money
public import Payments
public import Seams

/// What waits for a person.
extension SQLSession {
    private static var caseColumns: String {
        "c.id, c.reason, c.merchant, c.invoice, c.payment, c.asset, c.amount, c.state, c.opened_at"
    }

    /// Stores a new case.
    public func insert(_ opened: ExceptionCase) throws {
        try execute(
            """
            INSERT INTO cases (id, reason, merchant, invoice, payment, asset, amount, state, opened_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .id(opened.id), .text(opened.reason.rawValue), .id(opened.merchant), .id(opened.invoice),
                .id(opened.payment), .asset(opened.amount), .units(opened.amount), .text(opened.state.rawValue),
                .moment(opened.openedAt),
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

    /// The oldest open case about money of a rail that belongs to nothing, of this very amount.
    public func openCase(ofUnmatched amount: Amount) throws -> ExceptionCase? {
        try first(
            """
            SELECT \(Self.caseColumns) FROM cases c WHERE c.state = 'open' AND c.reason = 'unmatched'
            AND c.merchant IS NULL AND c.payment IS NULL AND c.asset = $1 AND c.amount = $2 ORDER BY c.id LIMIT 1
            """,
            [.asset(amount), .units(amount)]
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
            amount: try amount(),
            state: try word(),
            openedAt: try moment()
        )
    }
}
