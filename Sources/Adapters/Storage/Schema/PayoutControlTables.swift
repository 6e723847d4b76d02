extension Schema {
    /// Merchants' rules for payouts, the destinations that they list, and which keys requested and approved a payout.
    static let payoutControls = Migration(
        number: 3,
        statements: [
            """
            CREATE TABLE payout_policies (\(ofMerchant), number {integer} NOT NULL, listed_only {flag} NOT NULL,
            delay {integer} NOT NULL, counts_from {moment} NOT NULL, made_by {id}, made_at {moment} NOT NULL,
            PRIMARY KEY (book, merchant, number), \(merchantInBook)) {table}
            """,
            """
            CREATE TABLE payout_limits (\(ofMerchant), number {integer} NOT NULL,
            asset TEXT NOT NULL, amount {units} NOT NULL, PRIMARY KEY (book, merchant, number, asset), \(merchantInBook),
            FOREIGN KEY (book, merchant, number) REFERENCES payout_policies (book, merchant, number)) {table}
            """,
            """
            CREATE TABLE payout_destinations (id {id} NOT NULL, \(ofMerchant), asset TEXT NOT NULL, address TEXT NOT NULL,
            account TEXT NOT NULL, any_comment {flag} NOT NULL, comment TEXT, label TEXT NOT NULL, listed_by {id},
            created_at {moment} NOT NULL, usable_from {moment} NOT NULL, PRIMARY KEY (book, id), \(merchantInBook),
            CHECK (any_comment = 0 OR comment IS NULL)) {table}
            """,
            "CREATE INDEX payout_destinations_by_account ON payout_destinations (book, merchant, account)",
            """
            CREATE TABLE payout_approvals (book {integer} NOT NULL, payout {id} NOT NULL, requested_by {id},
            approved_by {id}, PRIMARY KEY (book, payout), CHECK (approved_by IS NULL OR approved_by <> requested_by),
            \(inBook("payout", of: "outgoing"))) {table}
            """,
        ]
    )
}
