extension Schema {
    /// Events, the endpoints that they are sent to, and what became of each.
    static let telling = [
        """
        CREATE TABLE events (id {id} NOT NULL PRIMARY KEY, merchant {id} NOT NULL REFERENCES merchants (id),
        type TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, created_at {moment} NOT NULL) {table}
        """,
        "CREATE INDEX events_of_merchant ON events (merchant, id)",
        """
        CREATE TABLE webhook_endpoints (id {id} NOT NULL PRIMARY KEY, merchant {id} NOT NULL REFERENCES merchants (id),
        url TEXT NOT NULL, sealed_secret {bytes} NOT NULL, previous_secret {bytes}, previous_until {moment},
        types TEXT NOT NULL, personal_data {flag} NOT NULL DEFAULT 0, created_at {moment} NOT NULL,
        disabled_at {moment}, disabled_reason TEXT, deleted_at {moment}) {table}
        """,
        "CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant, id)",
        """
        CREATE TABLE deliveries (endpoint {id} NOT NULL REFERENCES webhook_endpoints (id),
        event {id} NOT NULL REFERENCES events (id), state \(DeliveryRecord.State.column) NOT NULL,
        attempts {integer} NOT NULL, next_attempt_at {moment} NOT NULL, PRIMARY KEY (endpoint, event)) {table}
        """,
        """
        CREATE INDEX deliveries_due ON deliveries (endpoint, next_attempt_at)
        WHERE state = \(DeliveryRecord.State.pending.code)
        """,
        "CREATE INDEX deliveries_of_event ON deliveries (event)",
        """
        CREATE TABLE delivery_attempts (endpoint {id} NOT NULL, event {id} NOT NULL, number {integer} NOT NULL,
        started_at {moment} NOT NULL, duration {integer} NOT NULL, status {integer}, failure TEXT,
        PRIMARY KEY (endpoint, event, number),
        FOREIGN KEY (endpoint, event) REFERENCES deliveries (endpoint, event)) {table}
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
