extension Schema {
    /// Everything that the spine needs.
    ///
    /// Identifiers order by time, so that new rows go to the end of every table and index that is keyed by one. Keys that
    /// come from outside in no order (natural keys, references, idempotency keys) have tables of their own. Units are
    /// decimal text, because no integer of SQL holds 256 bits; they are summed by the program.
    static let firstTables = Migration(
        number: 1,
        statements: tenants + orders + money + ledger + rails + telling
    )

    private static let tenants = [
        """
        CREATE TABLE merchants (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, fee_basis_points {integer} NOT NULL,
        created_at {integer} NOT NULL) {table}
        """,
        """
        CREATE TABLE api_keys (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
        digest {bytes} NOT NULL, label TEXT NOT NULL, created_at {integer} NOT NULL, revoked_at {integer}) {table}
        """,
        """
        CREATE TABLE idempotency_keys (merchant TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
        fingerprint {bytes} NOT NULL, object TEXT NOT NULL, status {integer}, body TEXT, claimed_at {integer} NOT NULL,
        leased_until {integer} NOT NULL, PRIMARY KEY (merchant, route, key)) {table}
        """,
        "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (claimed_at)",
    ]

    private static let orders = [
        """
        CREATE TABLE invoices (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
        reference TEXT, title TEXT NOT NULL, summary TEXT NOT NULL, goods TEXT NOT NULL, asset TEXT NOT NULL,
        price TEXT NOT NULL, threshold TEXT NOT NULL, received TEXT NOT NULL, tolerance {integer} NOT NULL,
        payer {integer}, metadata TEXT NOT NULL, state TEXT NOT NULL, exception TEXT NOT NULL,
        created_at {integer} NOT NULL, expires_at {integer} NOT NULL, monitored_until {integer} NOT NULL,
        settled_at {integer}) {table}
        """,
        "CREATE INDEX invoices_of_merchant ON invoices (merchant, id)",
        "CREATE INDEX invoices_by_reference ON invoices (merchant, reference) WHERE reference IS NOT NULL",
        "CREATE INDEX invoices_to_expire ON invoices (expires_at) WHERE state IN ('new', 'processing')",
        """
        CREATE TABLE payment_options (id TEXT NOT NULL PRIMARY KEY, invoice TEXT NOT NULL REFERENCES invoices (id),
        rail TEXT NOT NULL, provider TEXT NOT NULL, asset TEXT NOT NULL, due TEXT NOT NULL, price_asset TEXT NOT NULL,
        price TEXT NOT NULL, quote TEXT, link TEXT NOT NULL, address TEXT, comment TEXT,
        reference_scope TEXT NOT NULL, reference_value TEXT NOT NULL) {table}
        """,
        "CREATE INDEX payment_options_of_invoice ON payment_options (invoice, id)",
        """
        CREATE TABLE payment_references (scope TEXT NOT NULL, value TEXT NOT NULL,
        option TEXT NOT NULL REFERENCES payment_options (id), PRIMARY KEY (scope, value)) {table}
        """,
    ]

    private static let money = [
        """
        CREATE TABLE observations (key TEXT NOT NULL PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL,
        note TEXT NOT NULL, payment TEXT, observed_at {integer} NOT NULL) {table}
        """,
        """
        CREATE TABLE payments (id TEXT NOT NULL PRIMARY KEY, invoice TEXT REFERENCES invoices (id), option TEXT,
        merchant TEXT, rail TEXT NOT NULL, provider TEXT NOT NULL, natural_key TEXT NOT NULL, asset TEXT NOT NULL,
        amount TEXT NOT NULL, value_asset TEXT, value TEXT, classification TEXT NOT NULL, payer TEXT, refund_target TEXT,
        evidence TEXT NOT NULL, state TEXT NOT NULL, occurred_at {integer} NOT NULL, recorded_at {integer} NOT NULL,
        available_at {integer} NOT NULL) {table}
        """,
        "CREATE INDEX payments_of_invoice ON payments (invoice, id) WHERE invoice IS NOT NULL",
        "CREATE INDEX payments_of_merchant ON payments (merchant, id)",
        """
        CREATE INDEX payments_held ON payments (merchant, asset, available_at) WHERE available_at > recorded_at
        """,
        """
        CREATE TABLE outgoing (id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, payment TEXT REFERENCES payments (id),
        merchant TEXT NOT NULL, provider TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL,
        destination TEXT NOT NULL, comment TEXT, reason TEXT, state TEXT NOT NULL, prepared {bytes}, hash TEXT,
        sequence {integer}, valid_until {integer}, lane TEXT, fee_asset TEXT, fee TEXT, failure TEXT,
        created_at {integer} NOT NULL, finished_at {integer}, next_attempt_at {integer} NOT NULL) {table}
        """,
        "CREATE UNIQUE INDEX outgoing_one_per_lane ON outgoing (lane) WHERE state IN ('in_progress', 'unknown')",
        "CREATE INDEX outgoing_by_hash ON outgoing (hash) WHERE hash IS NOT NULL",
        "CREATE INDEX outgoing_of_payment ON outgoing (payment, id) WHERE payment IS NOT NULL",
        "CREATE INDEX outgoing_of_merchant ON outgoing (merchant, kind, id)",
        """
        CREATE INDEX outgoing_due ON outgoing (next_attempt_at)
        WHERE state IN ('awaiting_payment', 'in_progress', 'unknown')
        """,
        """
        CREATE TABLE cases (id TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, merchant TEXT, invoice TEXT,
        payment TEXT, asset TEXT NOT NULL, amount TEXT NOT NULL, state TEXT NOT NULL, opened_at {integer} NOT NULL,
        resolved_at {integer}) {table}
        """,
        "CREATE INDEX cases_of_payment ON cases (payment) WHERE payment IS NOT NULL",
        "CREATE INDEX cases_by_state ON cases (state, id)",
    ]

    private static let ledger = [
        """
        CREATE TABLE ledger_transactions (sequence {integer} NOT NULL PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL,
        occurred_at {integer} NOT NULL, subject TEXT NOT NULL, seal {bytes} NOT NULL) {serial}
        """,
        "CREATE UNIQUE INDEX ledger_transactions_by_id ON ledger_transactions (id)",
        "CREATE INDEX ledger_transactions_by_subject ON ledger_transactions (subject, sequence)",
        """
        CREATE TABLE postings (sequence {integer} NOT NULL REFERENCES ledger_transactions (sequence),
        line {integer} NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL, units TEXT NOT NULL,
        PRIMARY KEY (sequence, line)) {table}
        """,
        """
        CREATE TABLE balances (account TEXT NOT NULL, asset TEXT NOT NULL, units TEXT NOT NULL,
        PRIMARY KEY (account, asset)) {table}
        """,
    ]

    private static let rails = [
        """
        CREATE TABLE scan_accounts (provider TEXT NOT NULL, account TEXT NOT NULL, subject TEXT NOT NULL,
        active_until {integer} NOT NULL, PRIMARY KEY (provider, account, subject)) {table}
        """,
        """
        CREATE TABLE scan_cursors (provider TEXT NOT NULL, account TEXT NOT NULL, subject TEXT NOT NULL, position TEXT,
        complete_until {integer}, moved_at {integer}, problem TEXT, problem_at {integer},
        PRIMARY KEY (provider, account, subject)) {table}
        """,
        """
        CREATE TABLE inbox (sequence {identity} NOT NULL PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL,
        body {bytes} NOT NULL, received_at {integer} NOT NULL, due_at {integer} NOT NULL, finished_at {integer},
        outcome TEXT) {serial}
        """,
        "CREATE UNIQUE INDEX inbox_by_key ON inbox (source, key)",
        "CREATE INDEX inbox_pending ON inbox (sequence) WHERE finished_at IS NULL",
    ]

    private static let telling = [
        """
        CREATE TABLE events (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, body TEXT NOT NULL, created_at {integer} NOT NULL) {table}
        """,
        "CREATE INDEX events_of_merchant ON events (merchant, id)",
        """
        CREATE TABLE webhook_endpoints (id TEXT NOT NULL PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchants (id),
        url TEXT NOT NULL, sealed_secret {bytes} NOT NULL, types TEXT NOT NULL, created_at {integer} NOT NULL,
        disabled_at {integer}, disabled_reason TEXT) {table}
        """,
        "CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant, id)",
        """
        CREATE TABLE deliveries (endpoint TEXT NOT NULL REFERENCES webhook_endpoints (id),
        event TEXT NOT NULL REFERENCES events (id), state TEXT NOT NULL, attempts {integer} NOT NULL,
        next_attempt_at {integer} NOT NULL, PRIMARY KEY (endpoint, event)) {table}
        """,
        "CREATE INDEX deliveries_due ON deliveries (endpoint, next_attempt_at) WHERE state = 'pending'",
        "CREATE INDEX deliveries_of_event ON deliveries (event)",
        """
        CREATE TABLE delivery_attempts (endpoint TEXT NOT NULL, event TEXT NOT NULL, number {integer} NOT NULL,
        started_at {integer} NOT NULL, duration {integer} NOT NULL, status {integer}, failure TEXT,
        PRIMARY KEY (endpoint, event, number)) {table}
        """,
    ]
}
