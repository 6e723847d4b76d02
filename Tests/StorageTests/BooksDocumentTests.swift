import DatabaseEngines
import Foundation
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import Testing

@Suite("docs/books.md, on each engine")
struct BooksDocumentTests {
    /// The statements of the page, each with the heading above it.
    private static func statements() throws -> [(title: String, sql: String)] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/books.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        return text.split(separator: "\n## ").compactMap { section in
            section.firstMatch(of: /```sql\n([^`]+)```/).map { found in
                (String(section.prefix { !$0.isNewline }), String(found.1))
            }
        }
    }

    private static func booking(
        _ number: UInt128,
        _ kind: LedgerTransaction.Kind,
        postedAt: Timestamp = Timestamp(seconds: 1_795_200_000),
        reverses: Identifier<LedgerTransactionKind>? = nil
    ) throws -> LedgerTransaction {
        let (merchant, sign): (MerchantID, Int64) = (MerchantID(value: 7), reverses == nil ? 1 : -1)
        let lines: [(String, Int64)] = [
            ("provider_receivable/ton", 100), ("merchant_balance/\(merchant.text)", -99), ("fee_income", -1),
        ]
        return try LedgerTransaction(
            id: Identifier(value: number),
            kind: kind,
            subject: LedgerSubject(PaymentID(value: 1)),
            origin: LedgerOrigin(merchant: merchant.text, rail: "ton", provider: "ton"),
            occurredAt: Timestamp(seconds: 1_793_000_000),
            postedAt: postedAt,
            postings: lines.map { account, units in
                Posting(
                    account: AccountID(text: account),
                    amount: Amount(asset: .stars, units: Int256(units * sign))
                )
            },
            reverses: reverses
        )
    }

    /// The amounts in the last columns of rows.
    private static func units(_ rows: [SQLRow], skipping count: Int) throws -> [[Int256?]] {
        try rows.map { row in
            var row = row
            for _ in 0..<count { try row.skip() }
            return try (count..<row.values.count).map { _ in try row.optionalUnits() }
        }
    }

    @Test("holds statements that run and give the described results", arguments: Engine.allCases)
    func statements(engine: Engine) async throws {
        let database = try engine.open()
        let now = Timestamp(seconds: 1)
        try await database.write { session in
            let merchant = MerchantRecord(id: MerchantID(value: 7), name: "m", feeBasisPoints: 100, createdAt: now)
            try session.insert(merchant)
            // The first transaction is booked in October 2026, the others in November.
            let settled = try Self.booking(1, .invoiceSettled, postedAt: Timestamp(seconds: 1_793_200_000))
            try LedgerWriter(session).post(settled)
            try LedgerWriter(session).post(Self.booking(2, .paymentOrphaned, reverses: settled.id))
            for number: UInt128 in 3...4 { try LedgerWriter(session).post(Self.booking(number, .invoiceSettled)) }
            try session.insert(
                ExceptionCase(
                    id: CaseID(value: 1),
                    reason: .late,
                    merchant: merchant.id,
                    invoice: nil,
                    payment: nil,
                    amount: Amount(asset: .stars, units: 1),
                    openedAt: now
                )
            )
        }
        let statements = try Self.statements()
        #expect(statements.count >= 10)
        var answers: [String: [SQLRow]] = [:]
        for (title, sql) in statements {
            let rows = try await database.read { try $0.query(sql, []) }
            #expect(!rows.isEmpty, "\(engine): \(sql)")
            answers[title] = rows
        }
        let booked = try #require(answers["What each kind of event moved in a period"]).map(\.values)
        #expect(booked.map { $0[0] } == [.integer(202610), .integer(202611), .integer(202611)])
        #expect(booked.map { $0[1] } == ["invoice_settled", "invoice_settled", "payment_orphaned"].map { .text($0) })
        #expect(booked.map { $0[2] } == [.integer(1), .integer(2), .integer(1)])
        let late = try #require(answers["Booked in a period, and happened before it"]).map(\.values)
        #expect(late.map { $0[1] } == [.integer(2), .integer(3), .integer(4)])
        #expect(try Self.units(#require(answers["Trial balance"]), skipping: 4) == [[-2], [-198], [200]])
        let periods = try #require(answers["What each account opened and closed a period with"])
        #expect(try Self.units(periods, skipping: 4) == [[-1, -2], [-99, -198], [100, 200]])
        let lines = try #require(answers["What was booked in a period, line by line"])
        let amounts: [[Int256?]] = [[1], [-1], [-1], [99], [-99], [-99], [-100], [100], [100]]
        #expect(try Self.units(lines, skipping: 6) == amounts)
        try await database.close()
    }
}
