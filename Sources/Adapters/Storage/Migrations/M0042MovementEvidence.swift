extension Schema {
    /// What is known of the movement that a case is about.
    ///
    /// Older cases have none: theirs is put together from what is stored of the movement elsewhere.
    static let movementEvidence = Migration(
        number: 42,
        statements: ["ALTER TABLE cases ADD COLUMN evidence TEXT"]
    )
}
