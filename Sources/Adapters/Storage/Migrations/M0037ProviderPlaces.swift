extension Schema {
    /// Where each provider takes money, a wallet or a bot, so that another one under the same key is named; and who has
    /// which invoices of payment links open, so that nobody opens more than so many.
    static let providerPlaces = Migration(
        number: 37,
        statements: [
            """
            CREATE TABLE provider_places (provider TEXT NOT NULL, place TEXT NOT NULL, met_at {integer} NOT NULL,
            PRIMARY KEY (provider, place)) {table}
            """,
            """
            CREATE TABLE link_visits (link TEXT NOT NULL REFERENCES payment_links (id), visitor TEXT NOT NULL,
            place {integer} NOT NULL, invoice TEXT NOT NULL REFERENCES invoices (id),
            PRIMARY KEY (link, visitor, place)) {table}
            """,
        ]
    )
}
