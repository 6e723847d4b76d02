import Records

extension Schema {
    /// The wallets that sign, and their spends.
    static let wallets = [
        """
        CREATE TABLE wallets (provider TEXT NOT NULL, wallet TEXT NOT NULL, pays_others {flag} NOT NULL,
        signed_below {integer} NOT NULL, accepted_below {integer} NOT NULL, met_at {moment} NOT NULL,
        hold \(WalletRecord.Hold.Kind.column), hold_sentence TEXT, held_since {moment},
        PRIMARY KEY (provider, wallet)) {table}
        """,
        """
        CREATE TABLE wallet_numbers (provider TEXT NOT NULL, wallet TEXT NOT NULL, number {integer} NOT NULL,
        PRIMARY KEY (provider, wallet, number)) {table}
        """,
        """
        CREATE TABLE wallet_spends (key TEXT NOT NULL, position {integer} NOT NULL, provider TEXT NOT NULL,
        wallet TEXT NOT NULL, number {integer}, evidence TEXT NOT NULL, movement_asset TEXT NOT NULL,
        movement {units} NOT NULL, destination TEXT, asset TEXT, amount {units}, comment {bytes}, tag TEXT,
        transfer {id} UNIQUE, transfer_kind \(OutgoingKind.column), occurred_at {moment} NOT NULL, seen_at {moment} NOT NULL,
        vanished_at {moment}, PRIMARY KEY (key, position)) {table}
        """,
        // Requests between own wallets that are under way. They are the operator's: what they move stays in the books
        // where it is.
        """
        CREATE TABLE own_transfers (book {integer} NOT NULL REFERENCES books (number), provider TEXT NOT NULL,
        account TEXT NOT NULL, number {integer} NOT NULL, content {bytes} NOT NULL, created_at {moment} NOT NULL,
        prepared {bytes}, hash TEXT, valid_until {moment}, \(OwnWalletKind.wallet),
        PRIMARY KEY (book, provider, account, number)) {table}
        """,
        """
        CREATE TABLE own_movements (book {integer} NOT NULL, provider TEXT NOT NULL, account TEXT NOT NULL,
        number {integer} NOT NULL, position {integer} NOT NULL, asset TEXT NOT NULL, amount {units},
        \(OwnWalletKind.wallet),
        PRIMARY KEY (book, provider, account, number, position),
        FOREIGN KEY (book, provider, account, number) REFERENCES own_transfers (book, provider, account, number)) {table}
        """,
        "CREATE INDEX wallet_spends_of_wallet ON wallet_spends (provider, wallet, seen_at)",
        "CREATE INDEX wallet_spends_by_evidence ON wallet_spends (provider, evidence)",
        """
        CREATE TABLE wallet_reviews (book {integer} NOT NULL, transfer {id} NOT NULL, reviewed_at {moment} NOT NULL,
        PRIMARY KEY (book, transfer), \(inBook("transfer", of: "outgoing"))) {table}
        """,
    ]
}
