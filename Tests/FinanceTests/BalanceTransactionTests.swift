import DatabaseEngines
import Finance
import Ledger
import Money
import Payments
import Records
import Seams
import Settlement
import SettlementDesk
import Testing

@testable import Storage

@Suite("Balance transactions")
struct BalanceTransactionTests {
    private typealias Kind = BalanceTransaction.Kind

    private static let table: [(LedgerTransaction.Kind, LedgerSubject.Kind, BalanceTransaction.Kind)] = [
        (.invoiceSettled, .payment, .payment), (.caseAccepted, .payment, .payment),
        (.settlementUndone, .payment, .paymentReversed), (.paymentOrphaned, .payment, .paymentReversed),
        (.refundReserved, .refund, .refund), (.transferReleased, .refund, .refundReversed),
        (.refundMoved, .refund, .refundReversed), (.payoutReserved, .payout, .payout),
        (.transferReleased, .payout, .payoutReversed),
    ]

    @Test("have one kind for each ledger transaction; what is in no table is a correction")
    func kinds() {
        for kind in LedgerTransaction.Kind.allCases {
            for subject in LedgerSubject.Kind.allCases {
                let wanted = Self.table.first { $0.0 == kind && $0.1 == subject }?.2 ?? .correction
                #expect(Kind(kind, of: subject) == wanted, "\(kind) of \(subject)")
                // Each ledger transaction is in the filter of its kind, and in no other.
                let reason = EntryFilter.Reason(kind, of: subject)
                #expect(Kind.allCases.filter { $0.reasons.contains(reason) } == [wanted])
            }
        }
    }

    /// A ledger transaction of a merchant whose balance rises by what is given, less a fee, in one or more assets.
    private func entry(_ amounts: [Amount], fee: Int, to account: AccountID) throws -> AccountEntry {
        var postings: [Posting] = []
        for amount in amounts {
            let fee = Amount(asset: amount.asset, units: Int256(fee))
            postings += [
                Posting(account: AccountID(text: "provider_receivable/p"), amount: amount),
                Posting(account: account, amount: try amount.subtracting(fee).negated()),
                Posting(account: .feeIncome, amount: try fee.negated()),
            ]
        }
        return AccountEntry(
            book: .operators,
            sequence: 1,
            period: LedgerPeriod(number: 202611),
            transaction: try LedgerTransaction(
                id: Identifier(value: 1),
                kind: .invoiceSettled,
                subject: LedgerSubject(PaymentID(value: 1)),
                occurredAt: Timestamp(seconds: 1),
                postedAt: Timestamp(seconds: 2),
                postings: postings
            ),
            source: AccountEntry.Source(
                invoice: nil,
                availableAt: Timestamp(seconds: 3),
                evidence: nil,
                payment: nil,
                hash: nil
            )
        )
    }

    @Test("split a payment into what the merchant gets and the gateway's fee")
    func fee() throws {
        let merchant = MerchantID(value: 7)
        let amount = Amount(asset: .stars, units: 100)
        let movement = try BalanceTransaction(
            entry([amount], fee: 3, to: .merchantBalance(merchant)),
            of: merchant
        )
        #expect(movement.net.units == 97 && movement.fee.units == 3)
        #expect(try movement.gross == amount)
        #expect(movement.availableOn == Timestamp(seconds: 3))
    }

    @Test("change one merchant's balance in one asset; anything else is refused with the ledger transaction's name")
    func refused() throws {
        let merchant = MerchantID(value: 7)
        let (stars, coins) = (
            Amount(asset: .stars, units: 100), Amount(asset: try AssetID("ton:testnet:native"), units: 100)
        )
        let other = try entry([stars], fee: 1, to: .merchantBalance(MerchantID(value: 8)))
        let both = try entry([stars, coins], fee: 1, to: .merchantBalance(merchant))
        for entry in [other, both] {
            let error = #expect(throws: SettlementError.self) { try BalanceTransaction(entry, of: merchant) }
            #expect(error?.reason.contains(entry.transaction.id.text) ?? false)
        }
    }

    @Test("entries of accounts name the books when an account lies in several of them", arguments: Engine.allCases)
    func books(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let finance = Finance(desk.settlement)
        let account = AccountID(text: "provider_receivable/test")
        #expect(try await finance.entries(of: account, in: nil, on: Page()) == nil)
        let merchant = desk.merchant
        try await desk.settlement.database.write { session in
            for (number, of) in [(1, merchant), (2, nil)] as [(UInt128, MerchantID?)] {
                let units = Amount(asset: .stars, units: 5)
                let booked = try LedgerTransaction(
                    id: Identifier(value: number),
                    kind: .movement,
                    subject: LedgerSubject(.movement, "m\(number)"),
                    origin: LedgerOrigin(merchant: of?.text),
                    occurredAt: Timestamp(seconds: 1),
                    postedAt: Timestamp(seconds: 2),
                    // Both lines are on the account: one entry.
                    postings: [
                        Posting(account: account, amount: units), Posting(account: account, amount: units.negated()),
                    ]
                )
                try LedgerWriter(session).post(booked)
            }
        }
        let error = await #expect(throws: UnnamedBook.self) {
            _ = try await finance.entries(of: account, in: nil, on: Page())
        }
        let books = try #require(error).books
        #expect(books.count == 2 && books.contains(.operators))
        for book in books {
            let found = try #require(try await finance.entries(of: account, in: book, on: Page()))
            #expect(found.count == 1 && found[0].book == book && found[0].transaction.postings.count == 2)
            // The only entry is the cursor: nothing follows it.
            let after = Page(after: found[0].transaction.id.text)
            #expect(try await finance.entries(of: account, in: book, on: after) == [])
        }
        await #expect(throws: UnknownCursor.self) {
            _ = try await finance.entries(of: account, in: .operators, on: Page(after: "ltx_nothing"))
        }
        #expect(try await finance.entries(of: account, in: LedgerBook(number: 99), on: Page()) == nil)
        try await desk.settlement.database.close()
    }
}
