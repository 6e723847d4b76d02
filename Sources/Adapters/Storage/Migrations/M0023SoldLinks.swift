extension Schema {
    /// Links whose last piece was sold, until their open invoices have ended.
    static let soldLinks = Migration(
        number: 23,
        statements: [
            "CREATE TABLE sold_links (link TEXT NOT NULL PRIMARY KEY REFERENCES payment_links (id)) {table}"
        ]
    )
}
