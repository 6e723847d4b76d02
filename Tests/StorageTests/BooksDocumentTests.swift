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
    private static func statements() throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/books.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        return text.matches(of: /```sql\n([^`]+)```/).map { String($0.1) }
    }

    private static func booking(
        _ number: UInt128,
        _ kind: LedgerTransaction.Kind,
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
            occurredAt: Timestamp(seconds: 1_795_000_000),
            postedAt: Timestamp(seconds: 1_795_200_000),
            postings: lines.map { account, units in
                Posting(
                    account: AccountID(text: account),
                    amount: Amount(asset: .stars, units: Int256(units * sign))
                )
            },
            reverses: reverses
        )
    }

    @Test("holds statements that run, and say what it says of them", arguments: Engine.allCases)
    func statements(engine: Engine) async throws {
        let database = try engine.open()
        let now = Timestamp(seconds: 1)
        try await database.write { session in
            let merchant = MerchantRecord(id: MerchantID(value: 7), name: "m", feeBasisPoints: 100, createdAt: now)
            try session.insert(merchant)
            let settled = try Self.booking(1, .invoiceSettled)
            try session.post(settled)
            try session.post(Self.booking(2, .paymentOrphaned, reverses: settled.id))
            try session.post(Self.booking(3, .invoiceSettled))
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
        #expect(statements.count >= 7)
        for statement in statements {
            let rows = try await database.read { try $0.query(statement, []) }
            #expect(!rows.isEmpty, "\(engine): \(statement)")
        }
        let booked = try await database.read { try $0.query(statements[1], []).map(\.values) }
        #expect(booked.map { $0[1] } == [.text("invoice_settled"), .text("payment_orphaned")])
        #expect(booked.map { $0[2] } == [.integer(2), .integer(1)])
        try await database.close()
    }
}
