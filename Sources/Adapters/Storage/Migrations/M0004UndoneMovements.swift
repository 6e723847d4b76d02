extension Schema {
    /// How movements are found that a change of a rail's history has undone.
    static let undoneMovements = Migration(
        number: 4,
        statements: [
            "CREATE INDEX movements_by_moment ON ledger_transactions (occurred_at) WHERE kind = 'movement'"
        ]
    )
}
