extension Schema {
    /// Events, the endpoints that they are sent to, the position of each, retries, and notices to owners.
    ///
    /// An endpoint gets spans of its merchant's events, from `start` on: the open span, and earlier ones that ended at
    /// `until`, when the endpoint was disabled with events still to send. Up to `position` every event was sent or
    /// waits for a retry.
    static let telling = [
        """
        CREATE TABLE events (book {integer} NOT NULL, sequence {integer} NOT NULL, id {id} NOT NULL UNIQUE,
        merchant {id} NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
        created_at {moment} NOT NULL, PRIMARY KEY (book, sequence),
        FOREIGN KEY (merchant, book) REFERENCES merchants (id, book)) {serial}
        """,
        "CREATE INDEX events_of_merchant ON events (merchant, sequence)",
        """
        CREATE TABLE webhook_endpoints (id {id} NOT NULL PRIMARY KEY, book {integer} NOT NULL, merchant {id} NOT NULL,
        url TEXT NOT NULL, sealed_secret {bytes} NOT NULL, previous_secret {bytes}, previous_until {moment},
        types TEXT NOT NULL, personal_data {flag} NOT NULL DEFAULT 0, ordered {flag} NOT NULL DEFAULT 0,
        created_at {moment} NOT NULL, disabled_at {moment}, disabled_reason TEXT, deleted_at {moment},
        version {integer} NOT NULL DEFAULT 1, claim {integer} NOT NULL DEFAULT 0, claimed_until {moment}, UNIQUE (id, book),
        FOREIGN KEY (merchant, book) REFERENCES merchants (id, book)) {table}
        """,
        "CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant, id)",
        """
        CREATE TABLE endpoint_positions (endpoint {id} NOT NULL REFERENCES webhook_endpoints (id),
        start {integer} NOT NULL, position {integer} NOT NULL, until {integer}, PRIMARY KEY (endpoint, start),
        CHECK (start <= position AND position <= until)) {table}
        """,
        """
        CREATE TABLE event_retries (book {integer} NOT NULL, endpoint {id} NOT NULL, sequence {integer} NOT NULL,
        attempts {integer} NOT NULL, next_attempt_at {moment} NOT NULL, failed {flag} NOT NULL,
        PRIMARY KEY (endpoint, sequence), FOREIGN KEY (endpoint, book) REFERENCES webhook_endpoints (id, book),
        FOREIGN KEY (book, sequence) REFERENCES events (book, sequence)) {table}
        """,
        "CREATE INDEX event_retries_due ON event_retries (next_attempt_at, endpoint)",
        "CREATE INDEX event_retries_of_endpoint ON event_retries (endpoint, next_attempt_at)",
        """
        CREATE TABLE delivery_attempts (endpoint {id} NOT NULL REFERENCES webhook_endpoints (id),
        event {id} NOT NULL REFERENCES events (id), number {integer} NOT NULL,
        started_at {moment} NOT NULL, duration {integer} NOT NULL, status {integer}, failure TEXT,
        PRIMARY KEY (endpoint, event, number)) {table}
        """,
        """
        CREATE TABLE owner_notices (endpoint {id} NOT NULL REFERENCES webhook_endpoints (id),
        disabled_at {moment} NOT NULL, merchant {id} NOT NULL REFERENCES merchants (id), url TEXT NOT NULL,
        reason TEXT NOT NULL, due_at {moment} NOT NULL, finished_at {moment}, outcome TEXT,
        PRIMARY KEY (endpoint, disabled_at)) {table}
        """,
        "CREATE INDEX owner_notices_due ON owner_notices (due_at) WHERE finished_at IS NULL",
    ]
}
