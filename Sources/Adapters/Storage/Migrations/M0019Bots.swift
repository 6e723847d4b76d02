extension Schema {
    /// Bots that were added while the gateway runs, with what is secret of them sealed.
    static let bots = Migration(
        number: 19,
        statements: [
            """
            CREATE TABLE bots (id TEXT NOT NULL PRIMARY KEY, merchant TEXT REFERENCES merchants (id), key TEXT NOT NULL UNIQUE,
            username TEXT NOT NULL, test_environment {integer} NOT NULL, token {bytes} NOT NULL, secret {bytes} NOT NULL,
            provider_token {bytes}, currencies TEXT NOT NULL, stars {integer} NOT NULL, support_contact TEXT,
            terms_url TEXT, created_at {integer} NOT NULL) {table}
            """
        ]
    )
}
