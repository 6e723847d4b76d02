extension Schema {
    /// What the checkout page needs: where it leads back to, and what a customer paid with before.
    static let checkout = Migration(
        number: 5,
        statements: [
            "ALTER TABLE invoices ADD COLUMN return_url TEXT",
            "CREATE INDEX payments_by_payer ON payments (merchant, payer, id) WHERE payer IS NOT NULL",
        ]
    )
}
