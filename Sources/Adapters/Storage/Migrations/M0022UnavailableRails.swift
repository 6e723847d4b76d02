extension Schema {
    /// The rails of an invoice that could not be opened, and why.
    static let unavailableRails = Migration(
        number: 22,
        statements: ["ALTER TABLE invoices ADD COLUMN unavailable_rails TEXT"]
    )
}
