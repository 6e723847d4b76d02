package import Ledger
package import Money
package import Payments
package import Records
package import Seams
package import Settlement
package import Storage

/// A query for changes of a merchant's balance; nil chooses all.
package struct BalanceTransactionList: Hashable, Sendable {
    /// The merchant.
    package let merchant: MerchantID
    /// The piece of the list.
    package var page: Page
    /// The kind of change.
    package var kind: BalanceTransaction.Kind?
    /// The asset.
    package var asset: AssetID?
    /// The rail.
    package var rail: Rail?
    /// The provider's key.
    package var provider: String?
    /// The payment, refund or payout behind the change.
    package var source: LedgerSubject?
    /// From when on it was booked.
    package var postedFrom: Timestamp?
    /// Before when it was booked.
    package var postedUntil: Timestamp?
    /// From when on it happened.
    package var occurredFrom: Timestamp?
    /// Before when it happened.
    package var occurredUntil: Timestamp?

    /// All changes of a merchant's balance.
    package init(of merchant: MerchantID, in page: Page) {
        self.merchant = merchant
        self.page = page
    }

    var filter: EntryFilter {
        var filter = EntryFilter()
        (filter.asset, filter.rail, filter.provider) = (asset, rail, provider)
        (filter.subject, filter.reasons) = (source, kind?.reasons)
        (filter.postedFrom, filter.postedUntil) = (postedFrom, postedUntil)
        (filter.occurredFrom, filter.occurredUntil) = (occurredFrom, occurredUntil)
        return filter
    }
}

/// An account in one book, and what it holds there.
package struct HeldAccount: Hashable, Sendable {
    /// The book.
    package let book: LedgerBook
    /// The account.
    package let account: AccountID
    /// What it holds in one asset: debits less credits.
    package let held: AmountSum
}

/// An account lies in several books, and a question about it names none of them, or a wrong one.
package struct UnnamedBook: Error, Hashable, Sendable {
    /// The books in which the account was booked on.
    package let books: [LedgerBook]
}

/// What finance asks the books: reports, and every row behind a figure.
///
/// It changes nothing.
package struct Finance: Sendable {
    let settlement: Settlement

    /// Reports over the gateway's books.
    package init(_ settlement: Settlement) { self.settlement = settlement }

    // MARK: - Merchants

    /// Changes of a merchant's balance, the newest first.
    ///
    /// - Throws: `UnknownCursor` when the cursor's object is not in the list, and what the database throws.
    package func balanceTransactions(_ list: BalanceTransactionList) async throws -> [BalanceTransaction] {
        try await settlement.database.read { session in
            try session.entries(
                of: .merchantBalance(list.merchant),
                in: session.book(of: list.merchant),
                where: list.filter,
                on: list.page
            )
            .map { try BalanceTransaction($0, of: list.merchant) }
        }
    }

    /// One change of a merchant's balance; nil when the ledger transaction did not change it.
    ///
    /// - Throws: what the database throws.
    package func balanceTransaction(
        _ id: Identifier<LedgerTransactionKind>,
        of merchant: MerchantID
    ) async throws -> BalanceTransaction? {
        try await settlement.database.read { session in
            var wanted = EntryFilter()
            wanted.id = id
            let found = try session.entries(
                of: .merchantBalance(merchant),
                in: session.book(of: merchant),
                where: wanted,
                on: Page(limit: 1)
            )
            return try found.first.map { try BalanceTransaction($0, of: merchant) }
        }
    }

    /// A merchant's balance in each asset at a moment: the sum of its balance transactions that were booked until then.
    ///
    /// - Throws: what the database throws.
    package func balances(of merchant: MerchantID, asOf moment: Timestamp) async throws -> [AmountSum] {
        try await settlement.database.read { session in
            try session.balances(of: .merchantBalance(merchant), in: session.book(of: merchant), asOf: moment)
                .map { AmountSum(of: $0.asset, units: -$0.units) }
        }
    }

    // MARK: - The operator

    /// All accounts with what they held at a moment, by book.
    ///
    /// - Throws: what the database throws.
    package func accounts(asOf moment: Timestamp) async throws -> [HeldAccount] {
        try await settlement.database.read { session in
            var held: [HeldAccount] = []
            for book in try session.ledgerBooks() {
                for account in try session.accounts(in: book) {
                    held += try session.balances(of: account, in: book, asOf: moment)
                        .map { HeldAccount(book: book, account: account, held: $0) }
                }
            }
            return held
        }
    }

    /// The entries of an account in a book, the newest first.
    ///
    /// - Parameters:
    ///   - account: the account.
    ///   - book: the book; nil for the only one in which the account was booked on.
    ///   - page: the piece of the list.
    /// - Throws: ``UnnamedBook`` when the account lies in several books and none is named; `UnknownCursor` when the
    ///   cursor's object is not in the list, and what the database throws.
    /// - Returns: the entries; nil when the account was never booked on, or not in that book.
    package func entries(
        of account: AccountID,
        in book: LedgerBook?,
        on page: Page
    ) async throws -> [AccountEntry]? {
        try await settlement.database.read { session in
            let books = try session.books(of: account)
            guard let only = book ?? (books.count == 1 ? books[0] : nil) else {
                if books.isEmpty { return nil }
                throw UnnamedBook(books: books)
            }
            guard books.contains(only) else { return nil }
            return try session.entries(of: account, in: only, on: page)
        }
    }
}
