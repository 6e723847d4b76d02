import Payments

extension Schema {
    /// Sessions with customers' wallets, and notices to customers in chats.
    static let customers = [
        """
        CREATE TABLE wallet_sessions (book {integer} NOT NULL, id {id} NOT NULL, invoice {id} NOT NULL,
        option {id} NOT NULL, wallet TEXT NOT NULL, bridge TEXT NOT NULL, secret {bytes} NOT NULL, link TEXT NOT NULL,
        state \(WalletSession.State.column) NOT NULL, peer TEXT, account TEXT, reason TEXT, last_event TEXT,
        created_at {moment} NOT NULL, expires_at {moment} NOT NULL, PRIMARY KEY (book, id),
        \(inBook("invoice", of: "invoices")), \(inBook("option", of: "payment_options"))) {table}
        """,
        "CREATE INDEX wallet_sessions_of_invoice ON wallet_sessions (invoice, id)",
        "CREATE INDEX wallet_sessions_open ON wallet_sessions (expires_at) WHERE \(WalletSession.State.isOpen(in: ""))",
        """
        CREATE TABLE customer_notices (book {integer} NOT NULL, subject TEXT NOT NULL, source TEXT NOT NULL,
        payment {id} NOT NULL, due_at {moment} NOT NULL, finished_at {moment}, outcome TEXT,
        PRIMARY KEY (book, subject), \(inBook("payment", of: "payments"))) {table}
        """,
        "CREATE INDEX customer_notices_due ON customer_notices (due_at) WHERE finished_at IS NULL",
    ]
}
