import Payments

extension Schema {
    /// Merchants, their keys, bots and requests.
    static let tenants = [
        """
        CREATE TABLE merchants (id {id} NOT NULL PRIMARY KEY, book {integer} NOT NULL REFERENCES books (number),
        name TEXT NOT NULL, fee_basis_points {integer} NOT NULL, created_at {moment} NOT NULL, UNIQUE (id, book)) {table}
        """,
        """
        CREATE TABLE api_keys (id {id} NOT NULL PRIMARY KEY, merchant {id} NOT NULL REFERENCES merchants (id),
        digest {bytes} NOT NULL, label TEXT NOT NULL, role \(KeyAccess.Role.column) NOT NULL, scopes TEXT NOT NULL,
        version TEXT NOT NULL, created_at {moment} NOT NULL, revoked_at {moment}) {table}
        """,
        "CREATE INDEX api_keys_of_merchant ON api_keys (merchant, id)",
        """
        CREATE TABLE idempotency_keys (merchant {id} NOT NULL REFERENCES merchants (id), route TEXT NOT NULL,
        key TEXT NOT NULL, fingerprint {bytes} NOT NULL, object TEXT NOT NULL, status {integer}, body TEXT,
        claimed_at {moment} NOT NULL, leased_until {moment} NOT NULL, PRIMARY KEY (merchant, route, key)) {table}
        """,
        "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (claimed_at)",
        """
        CREATE TABLE bots (id {id} NOT NULL PRIMARY KEY, merchant {id} REFERENCES merchants (id),
        key TEXT NOT NULL UNIQUE, username TEXT NOT NULL, test_environment {flag} NOT NULL, token {bytes} NOT NULL,
        secret {bytes} NOT NULL, provider_token {bytes}, currencies TEXT NOT NULL, stars {flag} NOT NULL,
        support_contact TEXT, terms_url TEXT, owner_chat TEXT, is_active {flag} NOT NULL DEFAULT 1,
        version {integer} NOT NULL DEFAULT 0, created_at {moment} NOT NULL) {table}
        """,
    ]
}
