extension Schema {
    /// Which ledger transaction undoes which, once; which one sets the money of a transfer aside; and payments that came
    /// back after a reorganisation are the payments that they were.
    static let reversals = Migration(
        number: 29,
        statements: [
            "ALTER TABLE ledger_transactions ADD COLUMN reverses TEXT REFERENCES ledger_transactions (id)",
            """
            CREATE UNIQUE INDEX ledger_transactions_by_reverses ON ledger_transactions (reverses)
            WHERE reverses IS NOT NULL
            """,
            "ALTER TABLE outgoing ADD COLUMN reservation TEXT REFERENCES ledger_transactions (id)",
            """
            UPDATE outgoing SET reservation = (SELECT l.id FROM ledger_transactions l
            WHERE l.subject = outgoing.id AND l.kind = 'payout_reserved' ORDER BY l.sequence DESC LIMIT 1)
            WHERE kind = 'payout'
            """,
            // Refunds were reserved under their payment: the first of an amount by the first ledger transaction of it.
            """
            UPDATE outgoing SET reservation = (SELECT l.id FROM ledger_transactions l
            JOIN postings p ON p.sequence = l.sequence
            WHERE l.subject = outgoing.payment AND l.kind = 'refund_reserved'
            AND p.account = 'refunds_payable/' || outgoing.merchant AND p.units = '-' || outgoing.amount
            AND (SELECT COUNT(*) FROM ledger_transactions e JOIN postings q ON q.sequence = e.sequence
            WHERE e.subject = outgoing.payment AND e.kind = 'refund_reserved' AND e.sequence < l.sequence
            AND q.account = p.account AND q.units = p.units)
            = (SELECT COUNT(*) FROM outgoing r WHERE r.payment = outgoing.payment AND r.amount = outgoing.amount
            AND r.id < outgoing.id) LIMIT 1)
            WHERE kind = 'refund'
            """,
            // What came back had a number at its end: the last of them is the payment that stands.
            """
            UPDATE observations SET payment = (SELECT MAX(a.id) FROM payments a
            WHERE a.provider = observations.provider AND a.natural_key LIKE '% again %'
            AND substr(a.natural_key, 1, length(observations.key) + 7) = observations.key || ' again ')
            WHERE key IN (SELECT substr(p.natural_key, 1, length(rtrim(p.natural_key, '0123456789')) - 7)
            FROM payments p WHERE p.natural_key LIKE '% again %')
            """,
            """
            UPDATE payments SET natural_key =
            substr(natural_key, 1, length(rtrim(natural_key, '0123456789')) - 7) WHERE natural_key LIKE '% again %'
            """,
        ]
    )
}
