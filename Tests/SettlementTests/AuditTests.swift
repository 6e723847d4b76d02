import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("An edit behind the gateway's back, on each engine")
struct AuditTests {
    /// A value that somebody might write into a column.
    enum Edit: Sendable {
        /// A value of the wrong type: text for a number, `NaN`, too few bytes.
        case rubbish
        case null
        /// The value of another row.
        case another
        /// A later moment or larger number.
        case later
        /// A number.
        case integer(Int64)
        case text(String)
        case units(Int64)
        case id([UInt8])
        /// The number of a word in the table `codes`.
        case word(String, String)
    }

    /// The edits of each column, all of which the audit finds.
    static let edits: [String: [String: [Edit]]] = [
        "payments": [
            "id": [.id(PaymentID(value: 9).bytes)], "amount": [.units(1), .rubbish],
            "asset": [.text("telegram:XTR"), .text("x")], "merchant": [.rubbish, .id(MerchantID(value: 9).bytes)],
            "provider": [.text("other")], "rail": [.word("rail", "evm")], "natural_key": [.text("test 99")],
            "payer": [.text("other")], "refund_target": [.text("other")], "recorded_at": [.later],
            "classification": [.rubbish] + ["exact", "late", "unmatched"].map { .word("payments.classification", $0) },
            "state": [.rubbish, .word("payments.state", "final"), .word("payments.state", "orphaned")],
            "value": [.units(7), .rubbish], "value_asset": [.text("telegram:XTR")], "handed_over": [.integer(1)],
        ],
        "invoices": [
            "id": [.id(InvoiceID(value: 9).bytes)], "merchant": [.id(MerchantID(value: 0).bytes)],
            "reference": [.text("other")], "title": [.text("other")], "summary": [.text("other")],
            "goods": [.word("invoices.goods", "digital")], "asset": [.text("telegram:XTR"), .text("x")],
            "price": [.units(1), .rubbish], "threshold": [.units(1), .rubbish], "received": [.units(1), .rubbish],
            "tolerance": [.later], "payer": [.later], "metadata": [.text(#"{"other":"x"}"#)],
            "state": [.rubbish, .word("invoices.state", "settled"), .word("invoices.state", "expired")],
            "exception": [.rubbish] + ["marked", "paid_late"].map { .word("invoices.exception", $0) },
            "created_at": [.later],
            "expires_at": [.later], "monitored_until": [.later], "return_url": [.text("other")],
            "payment_link": [.id(PaymentLinkID(value: 9).bytes)], "subscription": [.id(SubscriptionID(value: 9).bytes)],
            "paid_media": [.id(PaidMediaID(value: 9).bytes)], "lines": [.text("other")],
            "unavailable_rails": [.text("other")],
        ],
        "outgoing": [
            "id": [.rubbish, .id(PayoutID(value: 9).bytes)], "payment": [.another], "destination": [.text("other")],
            "reason": [.text("other")], "quote": [.text("other")], "created_at": [.later],
            "amount": [.units(1), .rubbish], "asset": [.text("telegram:XTR"), .text("x")],
            "merchant": [.rubbish, .id(MerchantID(value: 9).bytes)], "provider": [.text("other")],
            "state": [.rubbish] + ["completed", "failed", "awaiting_payment"].map { .word("outgoing.state", $0) },
            "fee": [.units(1), .rubbish], "fee_asset": [.text("telegram:XTR")],
            "kind": [.rubbish, .word("outgoing.kind", "payout"), .word("outgoing.kind", "refund")],
            "reservation": [.null, .another],
        ],
        "cases": [
            "id": [.id(CaseID(value: 9).bytes)], "invoice": [.id(InvoiceID(value: 9).bytes)],
            "detail": [.text("other")], "opened_at": [.later], "amount": [.units(1), .rubbish],
            "asset": [.text("telegram:XTR"), .text("x")], "merchant": [.rubbish, .id(MerchantID(value: 9).bytes)],
            "reason": [.rubbish, .word("cases.reason", "late"), .word("cases.reason", "orphaned")],
            "state": [.word("cases.state", "resolved"), .word("cases.state", "open")], "payment": [.null, .another],
            "movement": [.text("other")],
            "outcome": [.word("cases.outcome", "dismissed"), .word("cases.outcome", "refunded")],
            "outcome_object": [.text("other")], "note": [.text("other")], "resolved_at": [.later],
            "evidence": [
                .text("other"),
                .text(#"{"provider":"other","place":null,"reason":"r","receivers":[],"occurred_at":1}"#),
            ],
        ],
        "balances": [
            "units": [.units(1), .rubbish], "asset": [.later], "account": [.another, .later], "period": [.later],
        ],
        "postings": ["units": [.units(1), .rubbish], "asset": [.later], "account": [.another, .later]],
        "ledger_transactions": [
            "id": [.id(PaymentID(value: 9).bytes)], "sequence": [.later], "kind": [.rubbish, .another],
            "subject_kind": [.rubbish, .another], "subject": [.another, .null], "movement": [.text("other")],
            "merchant": [.id(MerchantID(value: 0).bytes), .null], "rail": [.word("rail", "evm"), .null],
            "provider": [.text("other"), .null],
            "occurred_at": [.later], "posted_at": [.later], "period": [.later], "reverses": [.another],
        ],
    ]

    /// The other columns of these tables, and why the audit does not compare them.
    static let others: [String: [String: String]] = [
        "payments": [
            "book": "a key", "invoice": "found by what the invoices received",
            "option": "how it was paid; a claim changes it",
            "evidence": "the rail's proof, which a reorganisation changes",
            "occurred_at": "the rail's time, which a reorganisation changes",
            "available_at": "the rail's time, which a reorganisation changes",
            "quote": "by which the value was found, and the value is compared", "version": "a count of changes",
        ],
        "outgoing": [
            "book": "a key", "comment": "words for the receiver, told to nobody", "prepared": "what is signed",
            "hash": "what is signed",
            "sequence": "what is signed", "valid_until": "what is signed", "position": "what is signed",
            "lane": "an order of work", "version": "a count of changes",
            "elsewhere": "the payment provider's own number", "failure": "words",
            "finished_at": "a time of ours", "next_attempt_at": "an order of work",
            "concluded_at": "the rail's time, which a reorganisation changes",
        ],
        "cases": ["book": "a key", "version": "a count of changes"],
        "balances": ["book": "a key"],
        "postings": ["book": "a key", "sequence": "a key", "line": "a key"],
        "ledger_transactions": ["book": "a key", "seal": "the seal itself"],
        "invoices": ["book": "a key", "settled_at": "a time of ours", "version": "a count of changes"],
    ]

    /// The rows in which a column has a value or a meaning.
    private static func condition(_ table: String, _ column: String) -> String {
        switch (table, column) {
        // Only completed transfers are booked at a provider.
        case ("outgoing", "provider"): "state = \(code("outgoing.state", "completed"))"
        case ("outgoing", "payment"): "kind = \(code("outgoing.kind", "refund"))"
        // Amount and asset of the fee are one value.
        case ("outgoing", "fee"), ("outgoing", "fee_asset"): "fee IS NOT NULL"
        case ("postings", _): "line = 0"
        // An open case has no outcome.
        case ("cases", "outcome"), ("cases", "outcome_object"), ("cases", "note"), ("cases", "resolved_at"):
            "outcome IS NOT NULL"
        case ("cases", "payment"): "payment IS NOT NULL"
        // Only cases about a movement have evidence.
        case ("cases", "evidence"): "evidence IS NOT NULL"
        // Only payments of the operator can be handed over.
        case ("payments", "handed_over"): "merchant IS NULL"
        // The value of a payment that does not count is informational.
        case ("payments", "value"), ("payments", "value_asset"):
            "state = \(code("payments.state", "final")) AND classification IN ("
                + ["exact", "partial", "over"].map { code("payments.classification", $0) }.joined(separator: ", ") + ")"
        case ("ledger_transactions", "reverses"): "reverses IS NOT NULL"
        case ("ledger_transactions", "movement"): "movement IS NOT NULL"
        case ("ledger_transactions", "merchant"): "merchant IS NOT NULL"
        default: "0 = 0"
        }
    }

    private static func code(_ columns: String, _ word: String) -> String {
        "(SELECT code FROM codes WHERE columns = '\(columns)' AND word = '\(word)')"
    }

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

    /// Edits one row after the other, expects the finding, and restores the row.
    private func edit(
        _ table: String,
        _ key: String,
        _ column: String,
        _ value: Edit,
        at desk: Desk,
        on engine: Engine
    ) async throws {
        let database = desk.settlement.database
        let condition = Self.condition(table, column)
        let book = key == "id" ? "0" : "book"
        let rows = try await database.read { session in
            try session.query(
                "SELECT \(key), \(column), \(book) FROM \(table) WHERE \(condition) ORDER BY 1",
                []
            ).map(\.values)
        }
        let payments = try await database.read {
            try $0.query("SELECT id FROM payments ORDER BY id", []).map(\.values[0])
        }
        let others = column == "payment" ? payments : rows.map { $0[1] }
        let line = table == "postings" ? "AND line = 0" : ""
        let change = "UPDATE \(table) SET \(column) = $1 WHERE \(key) = $2 AND \(book) = $3 \(line)"
        var tried = 0
        for row in rows where tried < 3 {
            guard let new = try await Self.new(value, instead: row[1], among: others, in: database) else { continue }
            let name = Self.name(of: row[0], in: table)
            do {
                guard try await database.write({ try $0.change(change, [new, row[0], row[2]]) }) == 1 else { continue }
            } catch let error as StorageError where [.constraint, .unstorable].contains(error.code) {
                // The database itself refuses the edit.
                tried += 1
                continue
            }
            tried += 1
            let found = try await Self.findings(at: desk)
            #expect(!found.isEmpty, "\(engine) \(table).\(column) = \(value) of \(name)")
            let isNamed = ![
                "payments.value", "payments.value_asset", "cases.state", "cases.reason", "outgoing.reservation",
                "outgoing.kind",
            ].contains("\(table).\(column)")
            if key == "id", column != key, isNamed {
                #expect(found.contains { $0.contains(name) }, "\(engine) \(table).\(column) = \(value): \(found)")
            }
            _ = try await database.write { try $0.change(change, [row[1], column == key ? new : row[0], row[2]]) }
        }
        #expect(tried > 0, "\(engine) \(table).\(column) = \(value) was never tried")
    }

    /// The value to write instead of `old`; nil when it is the same.
    private static func new(
        _ edit: Edit,
        instead old: SQLValue,
        among others: [SQLValue],
        in database: any Database
    ) async throws -> SQLValue? {
        let new: SQLValue
        switch edit {
        case .null: new = .null
        case .rubbish: new = .text("NaN")
        case .another:
            guard let other = others.first(where: { $0 != old && $0 != .null }) else { return nil }
            new = other
        case .later:
            if case .integer(let number) = old { new = .integer(number + 1_000_000_000) } else { new = .integer(1) }
        case .text(let text): new = .text(text)
        case .integer(let integer): new = .integer(integer)
        case .units(let units): new = .units(Int256(units))
        case .id(let bytes): new = .blob(bytes)
        case .word(let columns, let word):
            let sql = "SELECT code FROM codes WHERE columns = $1 AND word = $2"
            let found = try await database.read { try $0.query(sql, [.text(columns), .text(word)]) }
            new = try #require(found.first?.values.first)
        }
        return new == old ? nil : new
    }

    /// The name of a row in findings.
    private static func name(of key: SQLValue, in table: String) -> String {
        guard case .blob(let bytes) = key else { return "\(key)" }
        let texts: [String: String?] = [
            "payments": PaymentID(bytes: bytes)?.text, "invoices": InvoiceID(bytes: bytes)?.text,
            "cases": CaseID(bytes: bytes)?.text,
        ]
        // Identifiers of refunds and payouts differ only in their prefix.
        let digits = PayoutID(bytes: bytes)?.text.dropFirst(PayoutKind.prefix.count)
        return texts[table].flatMap { $0 } ?? String(digits ?? "")
    }

    @Test("is considered for every column of the audited tables", arguments: Engine.allCases)
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

    @Test("is not suspected when a fee takes all of a payment, or nothing", arguments: [0, 1, 9_999, 10_000])
    func extremeFees(basisPoints: Int) async throws {
        let desk = try await Desk(feeBasisPoints: basisPoints)
        let option = try await desk.openInvoice(id: InvoiceID(value: 1)).options[0].id
        for number in 1...2 {
            try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: number))
        }
        #expect(try await Self.findings(at: desk).isEmpty)
    }

    private static func findings(at desk: Desk) async throws -> [String] {
        let settlement = desk.settlement
        return try await settlement.database.read { try settlement.audit(in: $0) }
    }

    /// A desk with objects of every kind.
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
        let left = AccountMovement(
            naturalKey: NaturalKey("test", "left"),
            kind: .unexplained,
            amount: try desk.amount("-0.3"),
            reason: "left",
            place: RailPlace(network: "test", account: "account", transaction: "hash"),
            occurredAt: desk.clock.now()
        )
        try await desk.settlement.record(.movement(left), at: desk.provider)
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
