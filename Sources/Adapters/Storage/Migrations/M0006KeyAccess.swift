extension Schema {
    /// What an API key may do, and the version of the interface that it was made for.
    static let keyAccess = Migration(
        number: 6,
        statements: [
            "ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'secret'",
            "ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE api_keys ADD COLUMN version TEXT NOT NULL DEFAULT '2026-11-26'",
        ]
    )
}
