extension Schema {
    /// The rate at which each payment was counted, whose it was and when.
    static let paymentRates = Migration(number: 21, statements: ["ALTER TABLE payments ADD COLUMN quote TEXT"])
}
