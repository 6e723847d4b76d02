extension Schema {
    /// What comes by a provider is looked up by that provider: references and natural keys are unique within it, and an
    /// option can be named, sighted only where it was opened.
    ///
    /// A key cannot be changed on SQLite, so that tables are made anew. In the keys the provider stands last: one index
    /// finds what a provider knows, and whether another one knows it.
    static let providersOwnReferences = Migration(
        number: 24,
        statements: ["CREATE UNIQUE INDEX payment_options_at_provider ON payment_options (id, provider)"]
            + references + observations + sightings
            + ["ALTER TABLE cases ADD COLUMN detail TEXT"]
    )

    private static let opened = "FOREIGN KEY (option, provider) REFERENCES payment_options (id, provider)"

    private static let references = [
        """
        CREATE TABLE references_at_providers (provider TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL,
        option TEXT NOT NULL, PRIMARY KEY (scope, value, provider), \(opened)) {table}
        """,
        """
        INSERT INTO references_at_providers (provider, scope, value, option)
        SELECT o.provider, r.scope, r.value, r.option FROM payment_references r JOIN payment_options o ON o.id = r.option
        """,
        "DROP TABLE payment_references",
        "ALTER TABLE references_at_providers RENAME TO payment_references",
    ]

    private static let observations = [
        """
        CREATE TABLE observations_at_providers (key TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
        note TEXT NOT NULL, payment TEXT, observed_at {integer} NOT NULL, PRIMARY KEY (key, provider)) {table}
        """,
        """
        INSERT INTO observations_at_providers (key, provider, kind, note, payment, observed_at)
        SELECT key, provider, kind, note, payment, observed_at FROM observations
        """,
        "DROP TABLE observations",
        "ALTER TABLE observations_at_providers RENAME TO observations",
    ]

    private static let sightings = [
        """
        CREATE TABLE sightings_at_providers (provider TEXT NOT NULL, natural_key TEXT NOT NULL, option TEXT NOT NULL,
        invoice TEXT NOT NULL REFERENCES invoices (id), asset TEXT NOT NULL, amount TEXT NOT NULL, payer TEXT,
        confirmations {integer} NOT NULL, required {integer} NOT NULL, occurred_at {integer} NOT NULL,
        PRIMARY KEY (provider, natural_key), \(opened)) {table}
        """,
        """
        INSERT INTO sightings_at_providers (provider, natural_key, option, invoice, asset, amount, payer, confirmations,
        required, occurred_at) SELECT s.provider, s.natural_key, s.option, s.invoice, s.asset, s.amount, s.payer,
        s.confirmations, s.required, s.occurred_at FROM sightings s JOIN payment_options o ON o.id = s.option
        AND o.provider = s.provider
        """,
        "DROP TABLE sightings",
        "ALTER TABLE sightings_at_providers RENAME TO sightings",
        "CREATE INDEX sightings_of_invoice ON sightings (invoice)",
    ]
}
