import Ledger
package import Money
package import Payments
package import Records
package import Seams
import StrictJSON

/// An observation as it is stored.
package struct ObservationRecord: Sendable {
    /// The natural key, which makes it unique.
    package let key: NaturalKey
    /// The provider that observed it.
    package let provider: String
    /// The kind of observation.
    package let kind: String
    /// A note for people.
    package let note: String
    /// The payment that it becomes, if it does.
    package let payment: PaymentID?
    /// When it was recorded.
    package let moment: Timestamp

    /// An observation.
    package init(
        _ key: NaturalKey,
        provider: String,
        kind: String,
        note: String,
        payment: PaymentID?,
        at moment: Timestamp
    ) {
        self.key = key
        self.provider = provider
        self.kind = kind
        self.note = note
        self.payment = payment
        self.moment = moment
    }

    fileprivate var insertion: SQLStatement {
        SQLStatement(
            """
            INSERT INTO observations (key, provider, kind, note, payment, observed_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING
            """,
            [.text(key.text), .text(provider), .text(kind), .text(note), .id(payment), .moment(moment)]
        )
    }
}

/// Notes that are stored with the observation of a payment.
package enum PaymentNote {
    /// Only the balance of an account shows it.
    package static let shownByBalance = "shown by the balance"
}

/// Observations and payments.
extension SQLSession {
    /// Stores an observation, and the payment that it becomes, if it does.
    ///
    /// - Returns: whether it is new; when not, it has been dealt with before.
    package func observe(_ observation: ObservationRecord) throws -> Bool {
        let statement = observation.insertion
        return try change(statement.sql, statement.arguments) == 1
    }

    /// Whether an observation of a provider is stored.
    package func isObserved(_ key: NaturalKey, at provider: String) throws -> Bool {
        try first(
            "SELECT 1 FROM observations WHERE key = $1 AND provider = $2",
            [.text(key.text), .text(provider)]
        ) { try $0.integer() } != nil
    }

    /// Stores an observation, and finds the option that its reference names at the same provider.
    ///
    /// - Returns: whether it is new, and the option, with one wait for both.
    package func observe(
        _ observation: ObservationRecord,
        matching reference: PaymentReference
    ) throws -> (isNew: Bool, match: OptionMatch?) {
        let (changed, rows) = try change(
            observation.insertion,
            thenQuery: Self.match(reference, at: observation.provider)
        )
        return (changed == 1, try OptionMatch(rows))
    }

    static var paymentColumns: String {
        """
        p.id, p.invoice, p.option, p.merchant, p.rail, p.provider, p.natural_key, p.asset, p.amount, p.value_asset,
        p.value, p.classification, p.payer, p.refund_target, p.evidence, p.state, p.occurred_at, p.recorded_at,
        p.available_at, p.quote, p.version
        """
    }

    /// Stores a new payment.
    package func insert(_ payment: Payment) throws {
        try execute(
            """
            INSERT INTO payments (book, id, invoice, option, merchant, rail, provider, natural_key, asset, amount, value_asset,
            value, classification, payer, refund_target, evidence, state, occurred_at, recorded_at, available_at,
            quote, version)
            VALUES ($21, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $22)
            """,
            [
                .id(payment.id), .id(payment.invoice), .id(payment.option), .id(payment.merchant),
                .code(payment.rail), .text(payment.provider), .text(payment.naturalKey.text),
                .asset(payment.amount), .units(payment.amount), .asset(payment.value), .units(payment.value),
                .code(payment.classification), .text(payment.payer), .text(payment.refundTarget),
                .text(payment.evidence), .code(payment.state), .moment(payment.occurredAt),
                .moment(payment.recordedAt), .moment(payment.availableAt),
                .text(payment.quote.map(QuoteText.write)), try place(of: payment.merchant),
                .integer(payment.version),
            ]
        )
    }

    /// A payment.
    package func payment(_ id: PaymentID) throws -> Payment? {
        try first(
            "SELECT \(Self.paymentColumns) FROM payments p WHERE \(within("p")) AND p.id = $1 AND p.handed_over = 0",
            [.id(id)]
        ) { try $0.payment() }
    }

    /// The payment with a natural key at a provider.
    package func payment(naturalKey key: NaturalKey, at provider: String) throws -> Payment? {
        let id = try first(
            "SELECT n.payment FROM observations n WHERE n.key = $1 AND n.provider = $2 AND n.payment IS NOT NULL",
            [.text(key.text), .text(provider)]
        ) { try $0.id(PaymentKind.self) }
        return try id.flatMap { try widen(payment($0)) }
    }

    /// The payments of an option in an asset of which only a balance told and that stand, or were taken back; the oldest
    /// first.
    package func paymentsShownByBalance(
        of option: PaymentOption,
        in asset: AssetID,
        _ state: Payment.State
    ) throws -> [Payment] {
        try all(
            """
            SELECT \(Self.paymentColumns) FROM payments p WHERE \(within("p")) AND p.invoice = $1 AND p.option = $2
            AND p.provider = $3 AND p.state = $4 AND p.asset = $5 AND EXISTS (SELECT 1 FROM observations n
            WHERE n.key = p.natural_key AND n.provider = p.provider AND n.note = $6) ORDER BY p.occurred_at, p.id
            """,
            [
                .id(option.invoice), .id(option.id), .text(option.provider), .code(state), .text(asset.text),
                .text(PaymentNote.shownByBalance),
            ]
        ) { try $0.payment() }
    }

    /// The payment with a natural key at another provider than the one that the key came by.
    package func payment(naturalKey key: NaturalKey, elsewhereThan provider: String) throws -> Payment? {
        let id = try first(
            """
            SELECT n.payment FROM observations n WHERE n.key = $1 AND n.provider <> $2 AND n.payment IS NOT NULL
            ORDER BY n.provider LIMIT 1
            """,
            [.text(key.text), .text(provider)]
        ) { try $0.id(PaymentKind.self) }
        return try id.flatMap { try widen(payment($0)) }
    }

    /// The payments of an invoice, in the order in which they were recorded.
    package func payments(of invoice: InvoiceID) throws -> [Payment] {
        try all(
            "SELECT \(Self.paymentColumns) FROM payments p WHERE \(within("p")) AND p.invoice = $1 ORDER BY p.id",
            [.id(invoice)]
        ) { try $0.payment() }
    }

    /// The standing payments of a provider that happened at a moment or later.
    package func standingPayments(provider: String, since moment: Timestamp) throws -> [Payment] {
        try all(
            """
            SELECT \(Self.paymentColumns) FROM payments p
            WHERE p.provider = $1 AND p.occurred_at >= $2 AND p.state = \(Payment.State.final.code)
            AND p.handed_over = 0 ORDER BY p.id
            """,
            [.text(provider), .moment(moment)]
        ) { try $0.payment() }
    }

    /// The standing payments that only a balance showed, after a moment of the rail's history.
    package func paymentsShownByBalance(provider: String, after moment: Timestamp) throws -> [NaturalKey] {
        try all(
            """
            SELECT p.natural_key FROM payments p WHERE p.provider = $1 AND p.occurred_at > $2
            AND p.state = \(Payment.State.final.code) AND p.handed_over = 0 AND EXISTS (SELECT 1 FROM observations n WHERE n.key = p.natural_key AND n.provider = p.provider
            AND n.note = $3) ORDER BY p.id
            """,
            [.text(provider), .moment(moment), .text(PaymentNote.shownByBalance)]
        ) { NaturalKey(stored: try $0.text()) }
    }

    /// Stores the state and the classification of a payment; its version grows.
    package func update(_ payment: PaymentID, state: Payment.State, classification: Payment.Classification) throws {
        try execute(
            """
            UPDATE payments SET state = $1, classification = $2, version = version + 1
            WHERE \(within()) AND id = $3 AND handed_over = 0
            """,
            [.code(state), .code(classification), .id(payment)]
        )
    }

    /// A customer's payments at some providers, the latest first; with a natural key only that payment.
    ///
    /// The customer's payments at other providers are not shown.
    package func payments(
        of payer: String,
        key: NaturalKey?,
        at providers: [String],
        limit: Int
    ) throws -> [Payment] {
        let places = providers.indices.map { "$\($0 + 4)" }.joined(separator: ", ")
        guard !places.isEmpty else { return [] }
        return try all(
            """
            SELECT \(Self.paymentColumns) FROM payments p WHERE p.payer = $1 AND p.payer IS NOT NULL AND p.handed_over = 0
            AND ($2 = '' OR p.natural_key = $2)
            AND p.provider IN (\(places)) ORDER BY p.id DESC LIMIT $3
            """,
            [.text(payer), .text(key?.text ?? ""), .integer(Int64(limit))] + providers.map { .text($0) }
        ) { try $0.payment() }
    }

    /// The rail of the last payment that a payer made to a merchant.
    package func lastRail(of payer: String, paying merchant: MerchantID) throws -> Rail? {
        try first(
            """
            SELECT p.rail FROM payments p WHERE p.book = $3 AND p.merchant = $1 AND p.payer = $2
            ORDER BY p.id DESC LIMIT 1
            """,
            [.id(merchant), .text(payer), .integer(try book(of: merchant).number)]
        ) { try $0.code() }
    }

    /// The unmatched payments of a payer at a provider, the oldest first.
    package func unmatchedPayments(provider: String, payer: String, limit: Int) throws -> [Payment] {
        try all(
            """
            SELECT \(Self.paymentColumns) FROM payments p WHERE p.provider = $1 AND p.payer = $2
            AND p.classification = \(Payment.Classification.unmatched.code) AND p.state = \(Payment.State.final.code)
            AND p.handed_over = 0 ORDER BY p.id LIMIT $3
            """,
            [.text(provider), .text(payer), .integer(Int64(limit))]
        ) { try $0.payment() }
    }

    /// A merchant's payments, the newest first.
    package func payments(
        of merchant: MerchantID,
        where wanted: PaymentFilter = PaymentFilter(),
        in page: Page
    ) throws -> [Payment] {
        var filter = try owned(by: merchant, in: "p")
        if let invoice = wanted.invoice { filter.and("p.invoice = ", .id(invoice)) }
        if let rail = wanted.rail { filter.and("p.rail = ", .code(rail)) }
        if let provider = wanted.provider { filter.and("p.provider = ", .text(provider)) }
        if let asset = wanted.asset { filter.and("p.asset = ", .text(asset.text)) }
        if let state = wanted.state { filter.and("p.state = ", .code(state)) }
        if let part = wanted.classification { filter.and("p.classification = ", .code(part)) }
        if let payer = wanted.payer { filter.and("p.payer = ", .text(payer)) }
        if let moment = wanted.occurredFrom { filter.and("p.occurred_at >= ", .moment(moment)) }
        if let moment = wanted.occurredUntil { filter.and("p.occurred_at < ", .moment(moment)) }
        return try list(Self.paymentColumns, from: "payments p", id: "p.id", of: PaymentKind.self, filter, in: page) {
            try $0.payment()
        }
    }

    /// Payments of a merchant whose money is held back beyond a moment.
    package func heldPayments(of merchant: MerchantID, asset: AssetID, at moment: Timestamp) throws -> [Payment] {
        try all(
            """
            SELECT \(Self.paymentColumns) FROM payments p
            WHERE p.book = $4 AND p.merchant = $1 AND p.asset = $2 AND p.available_at > $3
            AND p.available_at > p.recorded_at ORDER BY p.available_at
            """,
            [.id(merchant), .text(asset.text), .moment(moment), .integer(try book(of: merchant).number)]
        ) { try $0.payment() }
    }
}

extension SQLRow {
    mutating func payment() throws -> Payment {
        let (id, invoice): (PaymentID, InvoiceID?) = (try self.id(), try optionalID())
        let (option, merchant): (PaymentOptionID?, MerchantID?) = (try optionalID(), try optionalID())
        let (rail, provider): (Rail, String) = (try code(), try text())
        let naturalKey = NaturalKey(stored: try text())
        let (amount, value) = (try self.amount(), try optionalAmount())
        let classification: Payment.Classification = try code()
        let (payer, refundTarget, evidence) = (try optionalText(), try optionalText(), try text())
        let state: Payment.State = try code()
        let (occurredAt, recordedAt, availableAt) = (try moment(), try moment(), try moment())
        var payment = Payment(
            id: id,
            invoice: invoice,
            option: option,
            merchant: merchant,
            rail: rail,
            provider: provider,
            naturalKey: naturalKey,
            amount: amount,
            value: value,
            quote: try optionalText().map(QuoteText.read),
            classification: classification,
            payer: payer,
            refundTarget: refundTarget,
            evidence: evidence,
            state: state,
            occurredAt: occurredAt,
            recordedAt: recordedAt,
            availableAt: availableAt
        )
        payment.version = try integer()
        return payment
    }
}
