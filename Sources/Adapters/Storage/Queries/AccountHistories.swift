import Ledger
package import Payments
package import Seams

/// What was recorded of the history of one account.
extension SQLSession {
    /// The natural keys of what stands of an account, whose keys all begin with one: payments, movements and what was set
    /// aside that happened at a moment or later.
    package func standing(
        of account: NaturalKey,
        provider: String,
        since moment: Timestamp
    ) throws -> [NaturalKey] {
        // The parts of a key are joined by a space, and nothing that follows a space comes after the next character.
        let values: [SQLValue] = [
            .text(provider), .moment(moment), .text(account.text + " "), .text(account.text + "!"),
        ]
        let payments = try all(
            """
            SELECT p.natural_key FROM payments p WHERE p.provider = $1 AND p.occurred_at >= $2
            AND p.natural_key > $3 AND p.natural_key < $4 AND p.state = \(Payment.State.final.code) ORDER BY p.id
            """,
            values
        ) { NaturalKey(stored: try $0.text()) }
        let movements = try all(
            """
            SELECT l.movement FROM ledger_transactions l WHERE l.provider = $1 AND l.occurred_at >= $2
            AND l.movement > $3 AND l.movement < $4 AND l.kind = \(LedgerTransaction.Kind.movement.code)
            AND NOT EXISTS (SELECT 1 FROM ledger_transactions u WHERE u.movement = l.movement
            AND u.book = l.book AND u.sequence > l.sequence) ORDER BY l.book, l.sequence
            """,
            values
        ) { NaturalKey(stored: try $0.text()) }
        let setAside = try all(
            """
            SELECT key FROM set_aside WHERE provider = $1 AND occurred_at >= $2 AND key > $3 AND key < $4
            AND gone_at IS NULL ORDER BY occurred_at, key
            """,
            values
        ) { NaturalKey(stored: try $0.text()) }
        return payments + movements + setAside
    }
}
