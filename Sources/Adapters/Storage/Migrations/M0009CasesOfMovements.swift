extension Schema {
    /// Which movement of a rail's account a case is about.
    static let casesOfMovements = Migration(
        number: 9,
        statements: [
            "ALTER TABLE cases ADD COLUMN movement TEXT",
            "CREATE INDEX cases_of_movement ON cases (movement) WHERE movement IS NOT NULL",
        ]
    )
}
