extension Schema {
    /// Events, the endpoints that they are sent to, the position of each, retries, and notices to owners.
    ///
    /// An endpoint gets spans of its merchant's events, from `start` on: the open span, and earlier ones that ended at
    /// `until`, when the endpoint was disabled with events still to send. Up to `position` every event was sent or
    /// waits for a retry.
    static let telling = [
        """
        CREATE TABLE events (book {integer} NOT NULL, sequence {integer} NOT NULL, id {id} NOT NULL,
        merchant {id} NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
        created_at {moment} NOT NULL, PRIMARY KEY (book, sequence), UNIQUE (book, id), \(merchantInBook)) {serial}
        """,
        "CREATE INDEX events_of_merchant ON events (merchant, sequence)",
        """
        CREATE TABLE webhook_endpoints (id {id} NOT NULL, \(ofMerchant), url TEXT NOT NULL,
        sealed_secret {bytes} NOT NULL, previous_secret {bytes}, previous_until {moment}, types TEXT NOT NULL,
        personal_data {flag} NOT NULL DEFAULT 0, ordered {flag} NOT NULL DEFAULT 0, created_at {moment} NOT NULL,
        disabled_at {moment}, disabled_reason TEXT, deleted_at {moment}, version {integer} NOT NULL DEFAULT 1,
        claim {integer} NOT NULL DEFAULT 0, claimed_until {moment}, PRIMARY KEY (book, id), \(merchantInBook)) {table}
        """,
        "CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant, id)",
        """
        CREATE TABLE endpoint_positions (book {integer} NOT NULL, endpoint {id} NOT NULL, start {integer} NOT NULL,
        position {integer} NOT NULL, until {integer}, PRIMARY KEY (book, endpoint, start),
        CHECK (start <= position AND position <= until), \(inBook("endpoint", of: "webhook_endpoints"))) {table}
        """,
        """
        CREATE TABLE event_retries (book {integer} NOT NULL, endpoint {id} NOT NULL, sequence {integer} NOT NULL,
        attempts {integer} NOT NULL, next_attempt_at {moment} NOT NULL, failed {flag} NOT NULL,
        PRIMARY KEY (book, endpoint, sequence), \(inBook("endpoint", of: "webhook_endpoints")),
        FOREIGN KEY (book, sequence) REFERENCES events (book, sequence)) {table}
        """,
        "CREATE INDEX event_retries_due ON event_retries (next_attempt_at, endpoint)",
        "CREATE INDEX event_retries_of_endpoint ON event_retries (endpoint, next_attempt_at)",
        """
        CREATE TABLE delivery_attempts (book {integer} NOT NULL, endpoint {id} NOT NULL, event {id} NOT NULL,
        number {integer} NOT NULL, started_at {moment} NOT NULL, duration {integer} NOT NULL, status {integer},
        failure TEXT, PRIMARY KEY (book, endpoint, event, number),
        \(inBook("endpoint", of: "webhook_endpoints")), \(inBook("event", of: "events"))) {table}
        """,
        """
        CREATE TABLE owner_notices (\(ofMerchant), endpoint {id} NOT NULL, disabled_at {moment} NOT NULL,
        url TEXT NOT NULL, reason TEXT NOT NULL, due_at {moment} NOT NULL, finished_at {moment}, outcome TEXT,
        PRIMARY KEY (book, endpoint, disabled_at), \(merchantInBook),
        \(inBook("endpoint", of: "webhook_endpoints"))) {table}
        """,
        "CREATE INDEX owner_notices_due ON owner_notices (due_at) WHERE finished_at IS NULL",
    ]
}
