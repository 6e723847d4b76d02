import Ledger
import Payments

extension Schema {
    /// The journal, and what follows from it.
    ///
    /// Accounts and assets are numbered when they are first booked on. The subject of a ledger transaction is the
    /// identifier of a payment, refund or payout, or the natural key of a movement. An account has a balance for each
    /// period in which it was moved; the newest one is what it holds.
    static let books = [
        """
        CREATE TABLE accounts (number {identity} NOT NULL PRIMARY KEY, code TEXT NOT NULL, scope TEXT NOT NULL,
        UNIQUE (code, scope)) {serial}
        """,
        "CREATE TABLE assets (number {identity} NOT NULL PRIMARY KEY, code TEXT NOT NULL UNIQUE) {serial}",
        """
        CREATE TABLE ledger_transactions (sequence {integer} NOT NULL PRIMARY KEY, id {id} NOT NULL UNIQUE,
        kind \(LedgerTransaction.Kind.column) NOT NULL, subject_kind \(LedgerSubject.Kind.column) NOT NULL,
        subject {id}, movement TEXT, merchant {id} REFERENCES merchants (id), rail \(Rail.column), provider TEXT,
        occurred_at {moment} NOT NULL, posted_at {moment} NOT NULL, period {integer} NOT NULL,
        reverses {id} UNIQUE REFERENCES ledger_transactions (id), seal {bytes} NOT NULL,
        CHECK ((subject IS NULL) <> (movement IS NULL)),
        CHECK ((subject_kind = \(LedgerSubject.Kind.movement.code)) = (movement IS NOT NULL))) {serial}
        """,
        """
        CREATE INDEX ledger_transactions_by_subject ON ledger_transactions (subject, sequence)
        WHERE subject IS NOT NULL
        """,
        """
        CREATE INDEX ledger_transactions_by_movement ON ledger_transactions (movement, sequence)
        WHERE movement IS NOT NULL
        """,
        """
        CREATE INDEX movements_by_moment ON ledger_transactions (occurred_at)
        WHERE kind = \(LedgerTransaction.Kind.movement.code)
        """,
        """
        CREATE TABLE postings (sequence {integer} NOT NULL REFERENCES ledger_transactions (sequence),
        line {integer} NOT NULL, account {integer} NOT NULL REFERENCES accounts (number),
        asset {integer} NOT NULL REFERENCES assets (number), units {units} NOT NULL,
        PRIMARY KEY (sequence, line)) {table}
        """,
        """
        CREATE TABLE balances (account {integer} NOT NULL REFERENCES accounts (number),
        asset {integer} NOT NULL REFERENCES assets (number), period {integer} NOT NULL, units {units} NOT NULL,
        PRIMARY KEY (account, asset, period)) {table}
        """,
    ]
}
