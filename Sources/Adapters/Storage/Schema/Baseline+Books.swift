import Ledger
import Payments

extension Schema {
    /// The journals of the books, and the balances that follow from them.
    ///
    /// Each book has numbers of ledger transactions, a seal and balances of its own.
    ///
    /// Accounts and assets are numbered when they are first booked on. The subject of a ledger transaction is the
    /// identifier of a payment, refund or payout, or the natural key of a movement. An account has a balance for each
    /// period in which it was moved; the newest one is its present balance.
    static let books = [
        """
        CREATE TABLE accounts (number {identity} NOT NULL PRIMARY KEY, code TEXT NOT NULL, scope TEXT NOT NULL,
        UNIQUE (code, scope)) {serial}
        """,
        "CREATE TABLE assets (number {identity} NOT NULL PRIMARY KEY, code TEXT NOT NULL UNIQUE) {serial}",
        """
        CREATE TABLE ledger_transactions (book {integer} NOT NULL REFERENCES books (number), sequence {integer} NOT NULL,
        id {id} NOT NULL, kind \(LedgerTransaction.Kind.column) NOT NULL,
        subject_kind \(LedgerSubject.Kind.column) NOT NULL, subject {id}, movement TEXT, merchant {id},
        rail \(Rail.column), provider TEXT, occurred_at {moment} NOT NULL, posted_at {moment} NOT NULL,
        period {integer} NOT NULL, reverses {id}, seal {bytes} NOT NULL, PRIMARY KEY (book, sequence), UNIQUE (book, id),
        UNIQUE (book, reverses), \(merchantInBook),
        FOREIGN KEY (book, reverses) REFERENCES ledger_transactions (book, id),
        \(operatorsInBook),
        CHECK ((subject IS NULL) <> (movement IS NULL)),
        CHECK ((subject_kind = \(LedgerSubject.Kind.movement.code)) = (movement IS NOT NULL))) {table}
        """,
        """
        CREATE INDEX ledger_transactions_by_subject ON ledger_transactions (subject, book, sequence)
        WHERE subject IS NOT NULL
        """,
        """
        CREATE INDEX ledger_transactions_by_movement ON ledger_transactions (movement, book, sequence)
        WHERE movement IS NOT NULL
        """,
        """
        CREATE INDEX movements_by_moment ON ledger_transactions (occurred_at)
        WHERE kind = \(LedgerTransaction.Kind.movement.code)
        """,
        """
        CREATE TABLE postings (book {integer} NOT NULL, sequence {integer} NOT NULL, line {integer} NOT NULL,
        account {integer} NOT NULL REFERENCES accounts (number), asset {integer} NOT NULL REFERENCES assets (number),
        units {units} NOT NULL, PRIMARY KEY (book, sequence, line),
        FOREIGN KEY (book, sequence) REFERENCES ledger_transactions (book, sequence)) {table}
        """,
        """
        CREATE TABLE balances (book {integer} NOT NULL REFERENCES books (number),
        account {integer} NOT NULL REFERENCES accounts (number), asset {integer} NOT NULL REFERENCES assets (number),
        period {integer} NOT NULL, units {units} NOT NULL, PRIMARY KEY (book, account, asset, period)) {table}
        """,
    ]
}
