extension Schema {
    /// Bots that are given another token or withdrawn, and how often that happened, so that other gateways notice.
    static let botChanges = Migration(
        number: 20,
        statements: [
            "ALTER TABLE bots ADD COLUMN is_active {integer} NOT NULL DEFAULT 1",
            "ALTER TABLE bots ADD COLUMN version {integer} NOT NULL DEFAULT 0",
        ]
    )
}
