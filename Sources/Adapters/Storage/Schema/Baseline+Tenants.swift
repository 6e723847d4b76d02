import Ledger
import Payments

extension Schema {
    /// The first columns of a table of merchants.
    static let ofMerchant = "book {integer} NOT NULL, merchant {id} NOT NULL"

    /// A row lies in the book of its merchant.
    static let merchantInBook = "FOREIGN KEY (book, merchant) REFERENCES merchants (book, id)"

    /// A row without a merchant lies in the operator's book.
    static let operatorsInBook = "CHECK (merchant IS NOT NULL OR book = \(LedgerBook.operators.number))"

    /// A reference to another row of the same book.
    static func inBook(_ column: String, of table: String) -> String {
        "FOREIGN KEY (book, \(column)) REFERENCES \(table) (book, id)"
    }

    /// Merchants, their keys, bots and requests.
    static let tenants = [
        """
        CREATE TABLE merchants (id {id} NOT NULL PRIMARY KEY, book {integer} NOT NULL REFERENCES books (number),
        name TEXT NOT NULL, fee_basis_points {integer} NOT NULL, created_at {moment} NOT NULL, UNIQUE (book, id)) {table}
        """,
        """
        CREATE TABLE api_keys (id {id} NOT NULL PRIMARY KEY, merchant {id} NOT NULL REFERENCES merchants (id),
        digest {bytes} NOT NULL, label TEXT NOT NULL, role \(KeyAccess.Role.column) NOT NULL, scopes TEXT NOT NULL,
        version TEXT NOT NULL, created_at {moment} NOT NULL, revoked_at {moment}) {table}
        """,
        "CREATE INDEX api_keys_of_merchant ON api_keys (merchant, id)",
        """
        CREATE TABLE idempotency_keys (\(ofMerchant), route TEXT NOT NULL, key TEXT NOT NULL,
        fingerprint {bytes} NOT NULL, object TEXT NOT NULL, status {integer}, body TEXT, claimed_at {moment} NOT NULL,
        leased_until {moment} NOT NULL, PRIMARY KEY (book, merchant, route, key), \(merchantInBook)) {table}
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
