extension Schema {
    /// How cases were closed: the outcome, what the money went to, and a person's words.
    static let caseResolutions = Migration(
        number: 10,
        statements: [
            "ALTER TABLE cases ADD COLUMN outcome TEXT",
            "ALTER TABLE cases ADD COLUMN outcome_object TEXT",
            "ALTER TABLE cases ADD COLUMN note TEXT",
            // Cases that were closed before outcomes were kept.
            "UPDATE cases SET outcome = 'superseded' WHERE state = 'resolved'",
        ]
    )
}
