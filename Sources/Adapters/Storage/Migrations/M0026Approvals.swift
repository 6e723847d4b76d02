extension Schema {
    /// Which invoice is held for which question of a rail: one at a time.
    static let approvals = Migration(
        number: 26,
        statements: [
            """
            CREATE TABLE approvals (invoice TEXT NOT NULL PRIMARY KEY REFERENCES invoices (id), provider TEXT NOT NULL,
            question TEXT NOT NULL, link TEXT, held_until {integer} NOT NULL) {table}
            """,
            "CREATE INDEX approvals_of_link ON approvals (link, held_until) WHERE link IS NOT NULL",
            "CREATE INDEX approvals_by_end ON approvals (held_until)",
        ]
    )
}
