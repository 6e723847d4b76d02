extension Schema {
    /// The entries of an account are read in the order of its book's journal.
    static let postingsByAccount = Migration(
        number: 2,
        statements: ["CREATE INDEX postings_by_account ON postings (book, account, sequence)"]
    )
}
