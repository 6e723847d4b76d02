import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("An edit behind the gateway's back, on each engine")
struct AuditTests {
    /// Columns with a meaning for money, and what somebody might write into them; each edit is found.
    static let edits: [String: [String: [String]]] = [
        "payments": [
            "amount": ["1", "abc"], "asset": ["telegram:XTR", "x"], "merchant": ["mer_x", MerchantID(value: 9).text],
            "provider": ["other"], "classification": ["other", "exact", "late", "unmatched"],
            "state": ["other", "final", "orphaned"], "value": ["7", "abc"], "value_asset": ["telegram:XTR"],
        ],
        "invoices": [
            "asset": ["telegram:XTR", "x"], "price": ["1", "abc"], "threshold": ["1", "abc"], "received": ["1", "abc"],
            "state": ["other", "settled", "expired"], "exception": ["other"],
        ],
        "outgoing": [
            "amount": ["1", "abc"], "asset": ["telegram:XTR", "x"], "merchant": ["mer_x", MerchantID(value: 9).text],
            "provider": ["other"], "state": ["other", "completed", "failed", "awaiting_payment"], "fee": ["1", "abc"],
            "fee_asset": ["telegram:XTR"], "kind": ["other"], "reservation": ["null"],
        ],
        "cases": [
            "amount": ["1", "abc"], "asset": ["telegram:XTR", "x"], "merchant": ["mer_x", MerchantID(value: 9).text],
            "reason": ["other", "late", "orphaned"], "state": ["resolved"], "payment": ["null"],
        ],
        "balances": ["units": ["1", "abc"], "asset": ["x"], "account": ["other"]],
        "postings": ["units": ["1", "abc"], "asset": ["x"], "account": ["other"]],
        "ledger_transactions": ["kind": ["other"], "subject": ["other"], "id": ["other"]],
    ]

    /// The other columns of these tables, and why no audit of money looks at them.
    static let others: [String: [String: String]] = [
        "payments": [
            "id": "a key", "invoice": "found by what the invoices received", "option": "how it was paid",
            "rail": "of its provider",
            "natural_key": "an identity of the rail", "payer": "who, not how much",
            "refund_target": "who, not how much",
            "evidence": "the rail's proof", "occurred_at": "a time", "recorded_at": "a time", "available_at": "a time",
            "quote": "by which the value was found",
        ],
        "outgoing": [
            "id": "a key", "payment": "named by what is signed", "destination": "named by what is signed",
            "comment": "words", "reason": "words", "prepared": "what is signed", "hash": "what is signed",
            "sequence": "what is signed", "valid_until": "what is signed", "position": "what is signed",
            "lane": "an order of work", "elsewhere": "the payment provider's own number",
            "failure": "words", "created_at": "a time", "finished_at": "a time", "next_attempt_at": "a time",
            "concluded_at": "a time", "quote": "by which the amount was found",
        ],
        "cases": [
            "id": "a key", "invoice": "words about the payment", "movement": "an identity of the rail",
            "outcome": "what a person said",
            "outcome_object": "what a person said", "note": "what a person said", "detail": "words",
            "opened_at": "a time",
            "resolved_at": "a time",
        ],
        "balances": [:],
        "postings": ["sequence": "a key", "line": "a key"],
        "ledger_transactions": [
            "sequence": "a key", "occurred_at": "inside the seal", "seal": "the seal", "reverses": "inside the seal",
        ],
        "invoices": [
            "id": "a key", "merchant": "a foreign key; that of its payments is compared", "reference": "words",
            "title": "words",
            "summary": "words", "goods": "words", "tolerance": "inside the threshold", "payer": "who may pay",
            "metadata": "words",
            "created_at": "a time", "expires_at": "a time", "monitored_until": "a time", "settled_at": "a time",
            "return_url": "words", "payment_link": "where it was opened", "subscription": "where it was opened",
            "paid_media": "where it was opened", "lines": "words", "unavailable_rails": "words",
        ],
    ]

    @Test("is named with its row, whatever it changes; and the rest is still read", arguments: Engine.allCases)
    func everyColumn(engine: Engine) async throws {
        let desk = try await Self.world(on: engine)
        #expect(try await Self.findings(at: desk).isEmpty)
        for (table, columns) in Self.edits.sorted(by: { $0.key < $1.key }) {
            let key = ["balances": "account", "postings": "sequence", "ledger_transactions": "sequence"][table] ?? "id"
            for (column, values) in columns.sorted(by: { $0.key < $1.key }) {
                for value in values { try await edit(table, key, column, value, at: desk, on: engine) }
            }
        }
        #expect(try await Self.findings(at: desk).isEmpty)
        try await desk.settlement.database.close()
    }

    /// Changes one row after the other, has it found, and puts it back.
    private func edit(
        _ table: String,
        _ key: String,
        _ column: String,
        _ value: String,
        at desk: Desk,
        on engine: Engine
    ) async throws {
        let database = desk.settlement.database
        let condition =
            switch (table, column) {
            // Only what was sent is booked at a provider.
            case ("outgoing", "provider"): "state = 'completed'"
            case ("postings", _): "line = 0"
            // What a person closed is what was seen then; what counts for nothing has a value for people only.
            case ("cases", _): "outcome IS NULL"
            case ("payments", "value"), ("payments", "value_asset"):
                "state = 'final' AND classification IN ('exact', 'partial', 'over')"
            default: "0 = 0"
            }
        let rows = try await database.read { session in
            try session.query("SELECT CAST(\(key) AS TEXT), \(column) FROM \(table) WHERE \(condition) ORDER BY 1", [])
                .map(\.values)
        }
        var tried = 0
        for row in rows where tried < 4 {
            guard case .text(let name) = row[0] else { continue }
            let new: SQLValue = value == "null" ? .null : .text(value)
            guard new != row[1], row[1] != .null || column == "merchant" else { continue }
            let change = "UPDATE \(table) SET \(column) = $1 WHERE CAST(\(key) AS TEXT) = $2 AND \(condition)"
            // A constraint of the database may refuse it.
            let changed = try? await database.write { try $0.change(change, [new, .text(name)]) }
            guard changed == 1 else { continue }
            tried += 1
            let found = try await Self.findings(at: desk)
            #expect(!found.isEmpty, "\(engine) \(table).\(column) = \(value) of \(name)")
            let names = ["payments.value", "payments.value_asset", "cases.state", "cases.reason"].contains(
                "\(table).\(column)"
            )
            if key == "id", !names {
                #expect(found.contains { $0.contains(name) }, "\(engine) \(table).\(column) = \(value): \(found)")
            }
            _ = try await database.write { session in
                let back = column == key ? [row[1], new] : [row[1], .text(name)]
                return try session.change(change, back)
            }
        }
    }

    @Test("can be made in no column that nobody has thought of", arguments: Engine.allCases)
    func everyColumnIsKnown(engine: Engine) async throws {
        let database = try engine.open()
        for table in Self.edits.keys.sorted() {
            let sql =
                engine == .sqlite
                ? "SELECT name FROM pragma_table_info('\(table)')"
                : "SELECT column_name::text FROM information_schema.columns WHERE table_name = '\(table)'"
            let columns = try await database.read { session in
                try session.query(sql, []).compactMap { row in
                    if case .text(let name)? = row.first { name } else { nil }
                }
            }
            #expect(!columns.isEmpty)
            let known = Set(Self.edits[table, default: [:]].keys).union(Self.others[table, default: [:]].keys)
            #expect(Set(columns) == known, "\(table)")
        }
        try await database.close()
    }

    private static func findings(at desk: Desk) async throws -> [String] {
        try await desk.settlement.database.read { try $0.auditJournal().findings + $0.auditObjects() }
    }

    /// A desk at which one of each has happened.
    private static func world(on engine: Engine) async throws -> Desk {
        let desk = try await Desk(on: engine)
        desk.provider.script.withLock { $0.hasOneLane = false }
        let exact = try await desk.openInvoice(id: InvoiceID(value: 1)).options[0].id
        let over = try await desk.openInvoice(id: InvoiceID(value: 2)).options[0].id
        let short = try await desk.openInvoice(id: InvoiceID(value: 3)).options[0].id
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: exact, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: exact, number: 2))
        try await desk.receive(desk.transfer(try desk.amount("2"), for: over, number: 3))
        try await desk.receive(desk.transfer(try desk.amount("0.5"), for: short, number: 4))
        try await desk.receive(desk.transfer(try desk.amount("0.7"), for: short, number: 5, late: .seconds(601)))
        try await desk.receive(desk.transfer(try desk.amount("4"), for: nil, number: 6))
        try await desk.receive(desk.transfer(try desk.amount("3"), for: nil, number: 7))
        let gone = Observation.vanished(NaturalKey("test", "7"), at: desk.clock.now())
        try await desk.settlement.record(gone, at: desk.provider)
        let fee = try desk.amount("0.01")
        let fates: [TransferFate] = [
            .confirmed(evidence: "e", fee: fee, at: desk.clock.now()),
            .dead(reason: "expired", fee: fee, at: desk.clock.now()), .pending,
        ]
        let provider = desk.provider.key
        let first = try await desk.settlement.database.read { session in
            try session.payment(naturalKey: NaturalKey("test", "1"), at: provider)
        }
        let payment = try #require(first).id
        for fate in fates {
            let refund = RefundRequest(payment: payment, amount: try desk.amount("0.2"), reason: nil)
            let payout = PayoutRequest(amount: fee, destination: "d", comment: nil, needsApproval: false)
            let ids = [
                try await desk.settlement.requestRefund(
                    refund,
                    by: desk.merchant,
                    id: desk.settlement.identifiers.next()
                ),
                try await desk.settlement.requestPayout(
                    payout,
                    by: desk.merchant,
                    id: desk.settlement.identifiers.next()
                ),
            ].map(\.purpose.id)
            for id in ids {
                desk.provider.script.withLock { $0.fates[id] = fate }
                for _ in 0..<2 { try await desk.settlement.advance(id) }
            }
        }
        return desk
    }
}
