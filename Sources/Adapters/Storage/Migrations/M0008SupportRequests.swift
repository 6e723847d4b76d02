extension Schema {
    /// How a customer's payments through Telegram are found, whoever was paid.
    static let supportRequests = Migration(
        number: 8,
        statements: [
            """
            CREATE INDEX payments_of_telegram_user ON payments (payer, id)
            WHERE payer IS NOT NULL AND rail IN ('telegram_fiat', 'telegram_stars')
            """
        ]
    )
}
