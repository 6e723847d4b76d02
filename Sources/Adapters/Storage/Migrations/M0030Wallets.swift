extension Schema {
    /// What each wallet has signed, what has left by its key that was not signed here, what a person has said about
    /// transfers that a held wallet still owes, and when the database was restored from a copy.
    static let wallets = Migration(
        number: 30,
        statements: [
            """
            CREATE TABLE wallets (provider TEXT NOT NULL, wallet TEXT NOT NULL, pays_others {integer} NOT NULL,
            signed_below {integer} NOT NULL, accepted_below {integer} NOT NULL, met_at {integer} NOT NULL, hold TEXT,
            hold_sentence TEXT, held_since {integer}, PRIMARY KEY (provider, wallet)) {table}
            """,
            """
            CREATE TABLE wallet_numbers (provider TEXT NOT NULL, wallet TEXT NOT NULL, number {integer} NOT NULL,
            PRIMARY KEY (provider, wallet, number)) {table}
            """,
            """
            CREATE TABLE wallet_spends (key TEXT NOT NULL, position {integer} NOT NULL, provider TEXT NOT NULL,
            wallet TEXT NOT NULL, number {integer}, evidence TEXT NOT NULL, movement_asset TEXT NOT NULL,
            movement TEXT NOT NULL, destination TEXT, asset TEXT, amount TEXT, comment {bytes}, tag TEXT, transfer TEXT,
            occurred_at {integer} NOT NULL, seen_at {integer} NOT NULL, PRIMARY KEY (key, position)) {table}
            """,
            "CREATE INDEX wallet_spends_of_wallet ON wallet_spends (provider, wallet, seen_at)",
            "CREATE UNIQUE INDEX wallet_spends_by_transfer ON wallet_spends (transfer) WHERE transfer IS NOT NULL",
            """
            CREATE TABLE wallet_reviews (transfer TEXT NOT NULL PRIMARY KEY, reviewed_at {integer} NOT NULL) {table}
            """,
            """
            CREATE TABLE restores (restored_at {integer} NOT NULL PRIMARY KEY, taken_at {integer} NOT NULL) {table}
            """,
        ]
    )
}
