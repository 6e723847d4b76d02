extension Schema {
    /// What has left and is no longer in the chain: it is not on the list, and is known again when it comes back.
    static let vanishedSpends = Migration(
        number: 33,
        statements: [
            "ALTER TABLE wallet_spends ADD COLUMN vanished_at {integer}",
            "CREATE INDEX wallet_spends_by_evidence ON wallet_spends (provider, evidence)",
        ]
    )
}
