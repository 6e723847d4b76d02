import BigInt
import Ledger
import Money
import Seams
import Testing

@Suite("A ledger transaction")
struct LedgerTransactionTests {
    static func posting(_ account: String, _ units: Int64, _ asset: AssetID = .stars) -> Posting {
        Posting(account: AccountID(text: account), amount: Amount(asset: asset, units: Int256(units)))
    }

    static func make(
        _ postings: [Posting],
        subject: LedgerSubject = LedgerSubject(.movement, "pay_1")
    ) throws -> LedgerTransaction {
        try LedgerTransaction(
            id: Identifier(value: 1),
            kind: .movement,
            subject: subject,
            occurredAt: Timestamp(seconds: 1),
            postedAt: Timestamp(seconds: 2),
            postings: postings
        )
    }

    @Test("balances in each asset, has postings, and none of zero")
    func refusals() throws {
        let euro = try AssetID("fiat:EUR")
        let wrong: [(LedgerError.Code, [Posting])] = [
            (.empty, []),
            (.unbalanced, [Self.posting("a", 1)]),
            (.unbalanced, [Self.posting("a", 5), Self.posting("b", -4)]),
            (.unbalanced, [Self.posting("a", 5), Self.posting("b", -5, euro)]),
            (.zeroPosting, [Self.posting("a", 0)]),
            (.tooManyPostings, Array(repeating: Self.posting("a", 1), count: 1_001)),
        ]
        for (code, postings) in wrong {
            #expect(throws: LedgerError(code, "")) { try Self.make(postings) }
        }
        #expect(throws: Never.self) {
            try Self.make([
                Self.posting("a", 5), Self.posting("b", -5), Self.posting("a", 7, euro), Self.posting("c", -7, euro),
            ])
        }
    }

    @Test("has an encoding that no other one has")
    func canonicalEncoding() throws {
        let pair = [Self.posting("a", 5), Self.posting("b", -5)]
        let other = [
            try Self.make(pair), try Self.make(pair, subject: LedgerSubject(.movement, "pay_2")),
            try Self.make(pair.reversed()),
            try Self.make([Self.posting("ab", 5), Self.posting("", -5)]),
            try Self.make([Self.posting("a", 50), Self.posting("b", -50)]),
            try LedgerTransaction(
                id: Identifier(value: 1),
                kind: .movement,
                subject: LedgerSubject(.movement, "pay_1"),
                occurredAt: Timestamp(seconds: 1),
                postedAt: Timestamp(seconds: 2),
                postings: pair,
                reverses: Identifier(value: 2)
            ),
        ]
        #expect(Set(other.map(\.canonicalEncoding)).count == other.count)
    }

    /// A digest for tests only; different bytes have different ones here.
    private static let hash: JournalSeal.Hash = { bytes in
        var digest = [UInt8](repeating: 0, count: 32)
        for (index, byte) in bytes.enumerated() {
            digest[index % 32] = digest[index % 32] &* 31 &+ byte &+ UInt8(index & 7)
        }
        return digest
    }

    @Test("is sealed with its book: the same journal in another book has another seal")
    func sealsOfBooks() throws {
        let booked = try Self.make([Self.posting("a", 5), Self.posting("b", -5)])
        let books = [0, 1, 2, 16, 255, 256].map { LedgerBook(number: $0) }
        let seals = books.map { JournalSeal.start(of: $0).following(with: booked, hash: Self.hash) }
        #expect(Set(seals).count == books.count)
        #expect(Set(books.map { JournalSeal.start(of: $0).bytes.count }) == [32])
    }

    @Test("is sealed together with everything before it")
    func seals() throws {
        let first = try Self.make([Self.posting("a", 5), Self.posting("b", -5)])
        let second = try Self.make([Self.posting("a", 6), Self.posting("b", -6)])
        let inOrder = JournalSeal.start(of: .operators).following(with: first, hash: Self.hash).following(
            with: second,
            hash: Self.hash
        )
        let swapped = JournalSeal.start(of: .operators).following(with: second, hash: Self.hash).following(
            with: first,
            hash: Self.hash
        )
        #expect(inOrder != swapped)
        #expect(
            inOrder
                == JournalSeal.start(of: .operators).following(with: first, hash: Self.hash).following(
                    with: second,
                    hash: Self.hash
                )
        )
    }

    private static func undo(_ booked: LedgerTransaction, as number: UInt128) throws -> LedgerTransaction {
        try .reversing(
            booked,
            id: Identifier(value: number),
            kind: .movementUndone,
            occurredAt: Timestamp(seconds: 2),
            postedAt: Timestamp(seconds: 3)
        )
    }

    @Test("is undone by its reversal: balances are as before, and neither of the two stands")
    func reverse() throws {
        let booked = try Self.make([Self.posting("a", 5), Self.posting("b", -3), Self.posting("c", -2)])
        let undone = try Self.undo(booked, as: 2)
        #expect(undone.reverses == booked.id && undone.subject == booked.subject)
        var trial = TrialBalance()
        for posting in booked.postings + undone.postings { trial.add(posting) }
        #expect(trial.lines.allSatisfy { $0.balance.isZero })
        #expect([booked].standing == [booked])
        #expect([booked, undone].standing.isEmpty)
        #expect(try Self.undo(undone, as: 3).postings == booked.postings)
    }

    @Test("adds up exactly in the trial balance, also where a sum exceeds every amount")
    func sumsBeyondAmounts() throws {
        let most = try #require(Int256(exactly: BigInt(1) << 255 - 1))
        var trial = TrialBalance()
        for account in ["a", "b"] {
            let sign = account == "a" ? most : most.negatedReportingOverflow().partialValue
            for _ in 1...3 {
                trial.add(Posting(account: AccountID(text: account), amount: Amount(asset: .stars, units: sign)))
            }
        }
        #expect(trial.isBalanced)
        #expect(trial.lines.map(\.balance.units) == [BigInt(most) * 3, BigInt(most) * -3])
        #expect(trial.lines.map(\.balance.amount) == [nil, nil])
        trial.add(Posting(account: AccountID(text: "c"), amount: Amount(asset: .stars, units: 1)))
        #expect(!trial.isBalanced && trial.totals.map(\.units) == [1])
    }

    @Test("is not reversed when an amount has no negative")
    func reverseOfTheSmallest() throws {
        // The negative of -2^255 does not fit.
        let largest = "57896044618658097711785492504343953926634992332820282019728792003956564819967"
        let smallest = "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
        let booked = try Self.make([
            Posting(
                account: AccountID(text: "a"),
                amount: Amount(asset: .stars, units: Int256(decimal: smallest.utf8))
            ),
            Posting(account: AccountID(text: "b"), amount: Amount(asset: .stars, units: Int256(decimal: largest.utf8))),
            Self.posting("c", 1),
        ])
        #expect(throws: LedgerError(.amount, "")) { try Self.undo(booked, as: 2) }
    }

    @Test("is booked on accounts of the chart only")
    func chart() throws {
        let chart = try ChartOfAccounts([
            ChartAccount(code: "fees", title: "", kind: .income, scope: .gateway, description: ""),
            ChartAccount(code: "merchant_balance", title: "", kind: .liability, scope: .merchant, description: ""),
        ])
        #expect(throws: Never.self) { try chart.validate(AccountID(text: "fees")) }
        #expect(throws: Never.self) { try chart.validate(AccountID(text: "merchant_balance/mer_1")) }
        for wrong in ["fees/x", "merchant_balance", "other", "other/x"] {
            #expect(throws: LedgerError(.unknownAccount, "")) { try chart.validate(AccountID(text: wrong)) }
        }
    }
}
