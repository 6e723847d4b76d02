package import Ledger
package import Money
package import Payments
package import Records
package import Seams

/// A ledger transaction that has postings on an account, with its place in the book's journal and its source.
package struct AccountEntry: Hashable, Sendable {
    /// What a ledger transaction is about, as finance looks it up.
    package struct Source: Hashable, Sendable {
        /// The invoice of a payment.
        package let invoice: InvoiceID?
        /// From when on no rail holds a payment's money back.
        package let availableAt: Timestamp?
        /// The chain transaction or charge of a payment.
        package let evidence: String?
        /// The payment that a refund returns.
        package let payment: PaymentID?
        /// The chain transaction or reference of a refund or payout.
        package let hash: String?
    }

    /// The book in which it lies.
    package let book: LedgerBook
    /// Its number in the book.
    package let sequence: Int64
    /// The month of its booking.
    package let period: LedgerPeriod
    /// The ledger transaction with all its postings.
    package let transaction: LedgerTransaction
    /// What it is about.
    package let source: Source
}

/// The entries of an account that are wanted; nil chooses all.
package struct EntryFilter: Hashable, Sendable {
    /// A kind of ledger transaction about a kind of subject.
    package struct Reason: Hashable, Sendable {
        /// The kind of ledger transaction.
        package let kind: LedgerTransaction.Kind
        /// What it is about.
        package let subject: LedgerSubject.Kind

        /// A kind of ledger transaction about a kind of subject.
        package init(_ kind: LedgerTransaction.Kind, of subject: LedgerSubject.Kind) {
            self.kind = kind
            self.subject = subject
        }
    }

    /// The ledger transaction.
    package var id: Identifier<LedgerTransactionKind>?
    /// The asset.
    package var asset: AssetID?
    /// The rail.
    package var rail: Rail?
    /// The provider's key.
    package var provider: String?
    /// The payment, refund or payout that they are about.
    package var subject: LedgerSubject?
    /// The reasons; an empty set chooses nothing.
    package var reasons: Set<Reason>?
    /// From when on they were booked.
    package var postedFrom: Timestamp?
    /// Before when they were booked.
    package var postedUntil: Timestamp?
    /// From when on they happened.
    package var occurredFrom: Timestamp?
    /// Before when they happened.
    package var occurredUntil: Timestamp?

    /// All entries.
    package init() {}
}

/// The entries of accounts, and what accounts held at a moment.
extension SQLSession {
    /// The entries of an account in a book, the newest first.
    ///
    /// The cursor of a page is the identifier of a ledger transaction.
    ///
    /// - Throws: ``UnknownCursor`` when the cursor's ledger transaction has no posting on the account, and what the
    ///   database throws.
    package func entries(
        of account: AccountID,
        in book: LedgerBook,
        where wanted: EntryFilter = EntryFilter(),
        on page: Page
    ) throws -> [AccountEntry] {
        guard let number = try knownNumber(of: account) else {
            if page.after != nil || page.before != nil { throw UnknownCursor(isBefore: page.after == nil) }
            return []
        }
        var filter = Filter("p.book = ", .integer(book.number))
        filter.belonging("p.account = ", .integer(number))
        // A ledger transaction with several postings on the account is one entry.
        filter.belonging(
            """
            NOT EXISTS (SELECT 1 FROM postings q WHERE q.book = p.book AND q.account = p.account
            AND q.sequence = p.sequence AND q.line < p.line)
            """
        )
        try narrow(&filter, to: wanted)
        let places = try list(
            "l.sequence, y.invoice, y.available_at, y.evidence, t.payment, t.hash",
            from: """
                postings p JOIN ledger_transactions l ON l.book = p.book AND l.sequence = p.sequence
                LEFT JOIN payments y ON y.book = l.book AND y.id = l.subject
                LEFT JOIN outgoing t ON t.book = l.book AND t.id = l.subject
                """,
            id: "l.id",
            of: LedgerTransactionKind.self,
            by: "p.sequence",
            filter,
            in: page
        ) { row in (sequence: try row.integer(), source: try row.source()) }
        return try complete(places, in: book)
    }

    private func narrow(_ filter: inout Filter, to wanted: EntryFilter) throws {
        if let id = wanted.id { filter.and("l.id = ", .id(id)) }
        if let asset = wanted.asset {
            filter.and("p.asset = (SELECT s.number FROM assets s WHERE s.code = ", .text(asset.text), ")")
        }
        if let rail = wanted.rail { filter.and("l.rail = ", .code(rail)) }
        if let provider = wanted.provider { filter.and("l.provider = ", .text(provider)) }
        if let subject = wanted.subject {
            filter.and("l.subject_kind = ", .code(subject.kind))
            let column = subject.kind == .movement ? "l.movement" : "l.subject"
            filter.and("\(column) = ", subject.kind == .movement ? subject.movement : subject.id)
        }
        if let reasons = wanted.reasons {
            let pairs = reasons.map { "\($0.kind.code * 100 + $0.subject.code)" }.sorted()
            filter.and("l.kind * 100 + l.subject_kind IN (\((pairs + ["-1"]).joined(separator: ", ")))")
        }
        if let moment = wanted.postedFrom { filter.and("l.posted_at >= ", .moment(moment)) }
        if let moment = wanted.postedUntil { filter.and("l.posted_at < ", .moment(moment)) }
        if let moment = wanted.occurredFrom { filter.and("l.occurred_at >= ", .moment(moment)) }
        if let moment = wanted.occurredUntil { filter.and("l.occurred_at < ", .moment(moment)) }
    }

    /// The ledger transactions at some places of a book, in the order of the places.
    private func complete(
        _ places: [(sequence: Int64, source: AccountEntry.Source)],
        in book: LedgerBook
    ) throws -> [AccountEntry] {
        guard !places.isEmpty else { return [] }
        let numbers = places.map { "\($0.sequence)" }.joined(separator: ", ")
        let entries = try journal(
            where: "l.book = $1 AND l.sequence IN (\(numbers)) ORDER BY l.sequence, p.line",
            [.integer(book.number)]
        )
        let bySequence = Dictionary(entries.map { ($0.sequence, $0) }) { first, _ in first }
        return try places.map { place in
            guard let entry = bySequence[place.sequence] else {
                throw StorageError.corrupt("row \(place.sequence) of the journal of \(book) cannot be read")
            }
            return AccountEntry(
                book: book,
                sequence: entry.sequence,
                period: entry.period,
                transaction: entry.transaction,
                source: place.source
            )
        }
    }

    /// What an account held in a book at a moment, in each asset that was booked on it until then: debits less credits of
    /// what was booked up to and at the moment.
    package func balances(of account: AccountID, in book: LedgerBook, asOf moment: Timestamp) throws -> [AmountSum] {
        try writeBalances()
        guard let number = try knownNumber(of: account) else { return [] }
        let period = LedgerPeriod(containing: moment)
        var sums: [AssetID: AmountSum] = [:]
        let closed = try all(
            """
            SELECT s.code, b.units FROM assets s JOIN balances b ON b.asset = s.number WHERE b.book = $1 AND b.account = $2
            AND b.period = (SELECT MAX(n.period) FROM balances n WHERE n.book = b.book AND n.account = b.account
            AND n.asset = b.asset AND n.period < $3)
            """,
            [.integer(book.number), .integer(number), .integer(period.number)]
        ) { try $0.amount() }
        for amount in closed { sums[amount.asset] = AmountSum(of: amount) }
        // Nothing of an earlier period was booked after the moment.
        var next = try firstSequence(of: period, in: book)
        while true {
            let page = try all(
                """
                SELECT p.sequence, s.code, p.units FROM postings p
                JOIN ledger_transactions l ON l.book = p.book AND l.sequence = p.sequence
                JOIN assets s ON s.number = p.asset WHERE p.book = $1 AND p.account = $2 AND p.sequence >= $3
                AND p.sequence < $3 + 10000 AND l.posted_at <= $4 ORDER BY p.sequence
                """,
                [.integer(book.number), .integer(number), .integer(next), .moment(moment)]
            ) { row in (sequence: try row.integer(), amount: try row.amount()) }
            for (_, amount) in page {
                var sum = sums[amount.asset] ?? AmountSum(of: amount.asset)
                sum.add(AmountSum(of: amount).units)
                sums[amount.asset] = sum
            }
            next += 10_000
            if next > (try journalHead(of: book).sequence) { break }
        }
        return sums.values.sorted { $0.asset < $1.asset }
    }

    /// The number of the first ledger transaction of a period or a later one in a book; one behind the last when there is
    /// none.
    ///
    /// Periods go forward in a journal, so that halving finds it.
    private func firstSequence(of period: LedgerPeriod, in book: LedgerBook) throws -> Int64 {
        var (low, high) = (Int64(1), try journalHead(of: book).sequence + 1)
        while low < high {
            let middle = low + (high - low) / 2
            let found = try first(
                "SELECT period FROM ledger_transactions WHERE book = $1 AND sequence >= $2 ORDER BY sequence LIMIT 1",
                [.integer(book.number), .integer(middle)]
            ) { LedgerPeriod(number: try $0.integer()) }
            if let found, found < period { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The accounts that were booked on in a book, by their names.
    package func accounts(in book: LedgerBook) throws -> [AccountID] {
        try all(
            """
            SELECT DISTINCT a.code, a.scope FROM balances b JOIN accounts a ON a.number = b.account WHERE b.book = $1
            ORDER BY a.code, a.scope
            """,
            [.integer(book.number)]
        ) { row in AccountID(code: AccountCode(try row.text()), storedScope: try row.text()) }
    }

    /// The books in which an account was booked on, by their numbers.
    package func books(of account: AccountID) throws -> [LedgerBook] {
        guard let number = try knownNumber(of: account) else { return [] }
        return try ledgerBooks().filter { book in
            try first(
                "SELECT 1 FROM balances WHERE book = $1 AND account = $2 LIMIT 1",
                [.integer(book.number), .integer(number)]
            ) { try $0.integer() } != nil
        }
    }

    /// The number of an account; nil when it was never booked on.
    private func knownNumber(of account: AccountID) throws -> Int64? {
        try first(
            "SELECT number FROM accounts WHERE code = $1 AND scope = $2",
            [.text(account.code.rawValue), .text(account.scope ?? "")]
        ) { try $0.integer() }
    }
}

extension SQLRow {
    fileprivate mutating func source() throws(StorageError) -> AccountEntry.Source {
        AccountEntry.Source(
            invoice: try optionalID(),
            availableAt: try optionalMoment(),
            evidence: try optionalText(),
            payment: try optionalID(),
            hash: try optionalText()
        )
    }
}
