import Payments

extension Schema {
    /// Sessions with customers' wallets, and notices to customers in chats.
    static let customers = [
        """
        CREATE TABLE wallet_sessions (id {id} NOT NULL PRIMARY KEY, invoice {id} NOT NULL REFERENCES invoices (id),
        option {id} NOT NULL REFERENCES payment_options (id), wallet TEXT NOT NULL, bridge TEXT NOT NULL,
        secret {bytes} NOT NULL, link TEXT NOT NULL, state \(WalletSession.State.column) NOT NULL, peer TEXT,
        account TEXT, reason TEXT, last_event TEXT, created_at {moment} NOT NULL, expires_at {moment} NOT NULL) {table}
        """,
        "CREATE INDEX wallet_sessions_of_invoice ON wallet_sessions (invoice, id)",
        "CREATE INDEX wallet_sessions_open ON wallet_sessions (expires_at) WHERE \(WalletSession.State.isOpen(in: ""))",
        """
        CREATE TABLE customer_notices (subject TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL,
        payment {id} NOT NULL REFERENCES payments (id), due_at {moment} NOT NULL, finished_at {moment},
        outcome TEXT) {table}
        """,
        "CREATE INDEX customer_notices_due ON customer_notices (due_at) WHERE finished_at IS NULL",
    ]
}
