import Ledger
import Payments

extension Schema {
    /// Payments, refunds and payouts, and cases.
    static let money = incoming + outgoing + cases

    private static let incoming = [
        """
        CREATE TABLE observations (key TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, note TEXT NOT NULL,
        payment {id}, observed_at {moment} NOT NULL, PRIMARY KEY (key, provider)) {table}
        """,
        """
        CREATE TABLE payments (book {integer} NOT NULL, id {id} NOT NULL, invoice {id}, option {id}, merchant {id},
        handed_over {flag} NOT NULL DEFAULT 0, rail \(Rail.column) NOT NULL, provider TEXT NOT NULL,
        natural_key TEXT NOT NULL, asset TEXT NOT NULL, amount {units} NOT NULL, value_asset TEXT, value {units},
        classification \(Payment.Classification.column) NOT NULL, payer TEXT, refund_target TEXT,
        evidence TEXT NOT NULL, state \(Payment.State.column) NOT NULL, occurred_at {moment} NOT NULL,
        recorded_at {moment} NOT NULL, available_at {moment} NOT NULL, quote TEXT, version {integer} NOT NULL DEFAULT 1,
        PRIMARY KEY (book, id),
        \(merchantInBook), \(operatorsInBook), \(inBook("invoice", of: "invoices")), \(openedAtProvider),
        CHECK (handed_over = 0 OR book = \(LedgerBook.operators.number))) {table}
        """,
        "CREATE INDEX payments_of_invoice ON payments (invoice, id) WHERE invoice IS NOT NULL",
        "CREATE INDEX payments_of_merchant ON payments (merchant, id)",
        "CREATE INDEX payments_held ON payments (merchant, asset, available_at) WHERE available_at > recorded_at",
        """
        CREATE INDEX payments_unmatched ON payments (provider, payer)
        WHERE classification = \(Payment.Classification.unmatched.code)
        """,
        "CREATE INDEX payments_by_payer ON payments (merchant, payer, id) WHERE payer IS NOT NULL",
        // A customer's payments to every merchant of a bot.
        "CREATE INDEX payments_of_customer ON payments (provider, payer, id) WHERE payer IS NOT NULL",
        "CREATE INDEX payments_by_moment ON payments (provider, occurred_at)",
        // Payments that were seen and can still be undone.
        """
        CREATE TABLE sightings (book {integer} NOT NULL, provider TEXT NOT NULL, natural_key TEXT NOT NULL,
        option {id} NOT NULL, invoice {id} NOT NULL, asset TEXT NOT NULL, amount {units} NOT NULL, payer TEXT,
        confirmations {integer} NOT NULL, required {integer} NOT NULL, occurred_at {moment} NOT NULL,
        PRIMARY KEY (book, provider, natural_key), \(inBook("invoice", of: "invoices")), \(openedAtProvider)) {table}
        """,
        "CREATE INDEX sightings_of_invoice ON sightings (invoice)",
        "CREATE INDEX sightings_of_provider ON sightings (provider, natural_key)",
        """
        CREATE TABLE personal_data (book {integer} NOT NULL, payment {id} NOT NULL, sealed {bytes}, kept_at {moment},
        erased_at {moment}, erased_by {id} REFERENCES api_keys (id), PRIMARY KEY (book, payment),
        \(inBook("payment", of: "payments"))) {table}
        """,
    ]

    private static let outgoing = [
        """
        CREATE TABLE outgoing (id {id} NOT NULL, \(ofMerchant), kind \(OutgoingKind.column) NOT NULL, payment {id},
        provider TEXT NOT NULL, asset TEXT NOT NULL, amount {units} NOT NULL, destination TEXT NOT NULL, comment TEXT,
        reason TEXT, state \(PayoutStateMachine.State.column) NOT NULL, prepared {bytes}, hash TEXT,
        sequence {integer}, position {integer} NOT NULL DEFAULT 0, valid_until {moment}, lane TEXT, fee_asset TEXT,
        fee {units}, failure TEXT, quote TEXT, reservation {id}, elsewhere TEXT, created_at {moment} NOT NULL,
        finished_at {moment}, concluded_at {moment}, next_attempt_at {moment} NOT NULL,
        version {integer} NOT NULL DEFAULT 1,
        CHECK ((kind = \(OutgoingKind.refund.code)) = (payment IS NOT NULL)), PRIMARY KEY (book, id), \(merchantInBook),
        \(inBook("payment", of: "payments"))) {table}
        """,
        // One request is under way with a number of a wallet. It has a transfer at each position, of any book.
        """
        CREATE TABLE lanes (lane TEXT NOT NULL, number {integer} NOT NULL, position {integer} NOT NULL,
        book {integer} NOT NULL, transfer {id} NOT NULL UNIQUE, PRIMARY KEY (lane, number, position),
        \(inBook("transfer", of: "outgoing"))) {table}
        """,
        "CREATE INDEX outgoing_by_hash ON outgoing (hash) WHERE hash IS NOT NULL",
        "CREATE INDEX outgoing_of_payment ON outgoing (payment, id) WHERE payment IS NOT NULL",
        "CREATE INDEX outgoing_of_merchant ON outgoing (merchant, kind, id)",
        "CREATE INDEX outgoing_due ON outgoing (provider, next_attempt_at) WHERE \(PayoutStateMachine.State.isDue(in: ""))",
        "CREATE INDEX outgoing_by_sequence ON outgoing (provider, sequence) WHERE sequence IS NOT NULL",
        // The payment provider's own number of a refund that was made there: each is booked once for a merchant.
        "CREATE UNIQUE INDEX outgoing_elsewhere ON outgoing (book, provider, merchant, elsewhere) WHERE elsewhere IS NOT NULL",
        "CREATE INDEX outgoing_by_end ON outgoing (provider, concluded_at) WHERE concluded_at IS NOT NULL",
    ]

    private static let cases = [
        """
        CREATE TABLE cases (book {integer} NOT NULL, id {id} NOT NULL, reason \(ExceptionCase.Reason.column) NOT NULL,
        merchant {id}, invoice {id}, payment {id}, movement TEXT, evidence TEXT, asset TEXT, amount {units}, detail TEXT,
        state \(ExceptionCase.State.column) NOT NULL, opened_at {moment} NOT NULL, resolved_at {moment},
        outcome \(ExceptionCase.Resolution.Outcome.column), outcome_object TEXT, note TEXT,
        version {integer} NOT NULL DEFAULT 1, PRIMARY KEY (book, id),
        \(merchantInBook), \(operatorsInBook), \(inBook("invoice", of: "invoices")),
        \(inBook("payment", of: "payments"))) {table}
        """,
        "CREATE INDEX cases_of_payment ON cases (payment) WHERE payment IS NOT NULL",
        "CREATE INDEX cases_of_invoice ON cases (invoice) WHERE invoice IS NOT NULL",
        "CREATE INDEX cases_of_movement ON cases (movement) WHERE movement IS NOT NULL",
        "CREATE INDEX cases_by_state ON cases (state, id)",
        // Units are text here: a chain may state a number that is no valid amount.
        """
        CREATE TABLE set_aside (key TEXT NOT NULL, provider TEXT NOT NULL, case_id {id} NOT NULL, account TEXT NOT NULL,
        asset TEXT, units TEXT, cause \(SetAside.Cause.column) NOT NULL, explanation TEXT NOT NULL,
        bytes {bytes} NOT NULL, sealed {flag} NOT NULL DEFAULT 0, occurred_at {moment} NOT NULL,
        set_aside_at {moment} NOT NULL, gone_at {moment}, PRIMARY KEY (key, provider)) {table}
        """,
        "CREATE INDEX set_aside_of_case ON set_aside (case_id)",
        "CREATE INDEX set_aside_of_provider ON set_aside (provider, occurred_at)",
    ]
}
