extension Schema {
    /// The secret that an endpoint had before, and until when both sign; and endpoints that are gone.
    static let secretRotation = Migration(
        number: 7,
        statements: [
            "ALTER TABLE webhook_endpoints ADD COLUMN previous_secret {bytes}",
            "ALTER TABLE webhook_endpoints ADD COLUMN previous_until {integer}",
            "ALTER TABLE webhook_endpoints ADD COLUMN deleted_at {integer}",
        ]
    )
}
