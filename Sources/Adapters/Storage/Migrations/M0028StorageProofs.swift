extension Schema {
    /// When something could be stored: one row, written by whoever wants to know.
    static let storageProofs = Migration(
        number: 28,
        statements: [
            "CREATE TABLE storage_proofs (number {integer} NOT NULL PRIMARY KEY, proven_at {integer} NOT NULL) {table}"
        ]
    )
}
