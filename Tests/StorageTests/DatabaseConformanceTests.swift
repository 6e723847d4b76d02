import DatabaseEngines
import Foundation
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import Testing

@Suite("The database, on each engine")
struct DatabaseConformanceTests {
    private let now = Timestamp(seconds: 1_000)

    private struct Refused: Error {}

    private static func ledgerTransaction(_ number: UInt128, _ units: Int64) throws -> LedgerTransaction {
        let amount = Amount(asset: .stars, units: Int256(units))
        return try LedgerTransaction(
            id: Identifier(value: number),
            kind: .movement,
            subject: LedgerSubject(.movement, "subject"),
            occurredAt: Timestamp(seconds: 1),
            postedAt: Timestamp(seconds: 2),
            postings: [
                Posting(account: AccountID(text: "a/x"), amount: amount),
                Posting(account: AccountID(text: "b"), amount: amount.negated()),
            ]
        )
    }

    private func endpoint(_ number: UInt128, of merchant: MerchantRecord, types: [String] = []) -> WebhookEndpointRecord
    {
        WebhookEndpointRecord(
            id: Identifier(value: number),
            merchant: merchant.id,
            url: "https://example.com",
            sealedSecret: [1],
            types: types,
            createdAt: now
        )
    }

    @Test("takes and compares 64-bit integers in every place of a statement", arguments: Engine.allCases)
    func wideIntegers(engine: Engine) async throws {
        let database = try engine.open()
        for number in [0, -1, 1 << 31, 1_795_917_474_983, Int64.max, .min] {
            let found = try await database.write { session in
                try session.query(
                    """
                    SELECT CASE WHEN $1 < 0 THEN 1 ELSE 0 END, CASE WHEN $1 = 0 THEN 1 ELSE 0 END,
                    CASE WHEN $1 > 5 THEN $1 ELSE 5 END, COALESCE($2, 7)
                    """,
                    [.integer(number), .null]
                )
            }
            let wanted: [SQLValue] = [
                .integer(number < 0 ? 1 : 0), .integer(number == 0 ? 1 : 0), .integer(max(number, 5)), .integer(7),
            ]
            #expect(found.map(\.values) == [wanted], "\(number)")
        }
        try await database.close()
    }

    @Test(
        "answers each of many concurrent units of work separately, and keeps those that succeeded",
        arguments: Engine.allCases
    )
    func groupCommit(engine: Engine) async throws {
        let database = try engine.open()
        let outcomes = await withTaskGroup(of: (Int, Int?).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let answer = try? await database.write { session -> Int in
                        try LedgerWriter(session).post(
                            try Self.ledgerTransaction(UInt128(number + 1), Int64(number + 1))
                        )
                        if number % 3 == 0 { throw Refused() }
                        return number * 2
                    }
                    return (number, answer)
                }
            }
            return await group.reduce(into: [Int: Int?]()) { $0[$1.0] = $1.1 }
        }
        for number in 0..<200 { #expect(outcomes[number] == (number % 3 == 0 ? .some(nil) : .some(number * 2))) }
        let kept = (0..<200).filter { $0 % 3 != 0 }
        let (audit, trial) = try await database.read { (try $0.auditJournal(), try $0.trialBalance()) }
        #expect(audit.checked == kept.count && audit.findings.isEmpty)
        #expect(trial.isBalanced)
        #expect(trial.lines.first?.balance.amount?.units == Int256(kept.reduce(0) { $0 + $1 + 1 }))
        try await database.close()
    }

    @Test(
        "reads a committed unit at once, while others read and write, and after a failed reading",
        arguments: Engine.allCases
    )
    func lookUps(engine: Engine) async throws {
        let database = try engine.open()
        let account = AccountID(text: "a/x")
        let sums = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...60 {
                group.addTask {
                    try await database.write { try LedgerWriter($0).post(Self.ledgerTransaction(UInt128(number), 1)) }
                    // Every later reading of this task sees its own commits.
                    async let looked = database.lookUp { try $0.balance(account, of: nil, asset: .stars).units }
                    async let read = database.read { try $0.balance(account, of: nil, asset: .stars).units }
                    _ = try? await database.lookUp { _ in throw Refused() }
                    let seen = try await (looked, read)
                    return seen.0 >= 1 && seen.1 >= 1
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums.allSatisfy { $0 } && sums.count == 60)
        #expect(try await database.lookUp { try $0.balance(account, of: nil, asset: .stars).units } == 60)
        try await database.close()
    }

    // A connection that reads repeatedly must not keep merchants, endpoints and balances from its first reading.
    @Test("sees in each reading what is committed by then", arguments: Engine.allCases)
    func readings(engine: Engine) async throws {
        let database = try engine.open()
        let merchant = MerchantRecord(id: Identifier(value: 1), name: "m", feeBasisPoints: 0, createdAt: now)
        let account = AccountID(text: "a/x")
        try await database.write { try $0.insert(merchant) }
        for count in 1...9 {
            let endpoint = endpoint(UInt128(count), of: merchant)
            try await database.write { session in
                try session.insert(endpoint)
                try LedgerWriter(session).post(Self.ledgerTransaction(UInt128(count), 1))
            }
            for _ in 0..<6 {
                let read = try await database.read { session in
                    (
                        try session.endpoints(of: merchant.id).count,
                        try session.balance(account, of: nil, asset: .stars).units
                    )
                }
                let looked = try await database.lookUp { session in
                    (
                        try session.endpoints(of: merchant.id).count,
                        try session.balance(account, of: nil, asset: .stars).units
                    )
                }
                #expect(read == (count, Int256(count)) && looked == (count, Int256(count)))
            }
        }
        try await database.close()
    }

    @Test(
        "fails a unit whose row has changed since it was read, and no other unit of the group",
        arguments: Engine.allCases
    )
    func changedRows(engine: Engine) async throws {
        let database = try engine.open()
        let merchant = MerchantRecord(id: Identifier(value: 1), name: "a", feeBasisPoints: 0, createdAt: now)
        try await database.write { try $0.insert(merchant) }
        let rename = "UPDATE merchants SET name = $1 WHERE name = $2"
        let codes = await withTaskGroup(of: (Int, StorageError.Code?).self) { group in
            for number in 1...40 {
                group.addTask {
                    do {
                        try await database.write { session in
                            try LedgerWriter(session).post(Self.ledgerTransaction(UInt128(number), 1))
                            // Every third unit expects an outdated row.
                            let old = number % 3 == 0 ? "b" : "a"
                            try session.executeOne(rename, [.text("a"), .text(old)])
                        }
                        return (number, nil)
                    } catch { return (number, (error as? StorageError)?.code) }
                }
            }
            return await group.reduce(into: [Int: StorageError.Code?]()) { $0[$1.0] = $1.1 }
        }
        for number in 1...40 { #expect(codes[number] == (number % 3 == 0 ? .some(.conflict) : .some(nil))) }
        let (audit, sum) = try await database.read { session in
            (try session.auditJournal(), try session.balance(AccountID(text: "a/x"), of: nil, asset: .stars).units)
        }
        #expect(audit.findings.isEmpty && audit.checked == 27 && sum == 27)
        try await database.close()
    }

    @Test(
        "sends each event to the endpoints that existed when it happened, also within one unit of work",
        arguments: Engine.allCases
    )
    func addressing(engine: Engine) async throws {
        let database = try engine.open()
        let merchant = MerchantRecord(id: Identifier(value: 1), name: "m", feeBasisPoints: 0, createdAt: now)
        func event(_ number: UInt128, _ type: String) -> EventRecord {
            EventRecord(
                id: Identifier(value: number),
                merchant: merchant.id,
                type: type,
                subject: "s",
                body: "{}",
                createdAt: now
            )
        }
        let (first, second) = (endpoint(1, of: merchant), endpoint(2, of: merchant, types: ["invoice.settled"]))
        let events = [
            event(1, "invoice.created"), event(2, "invoice.created"), event(3, "invoice.settled"),
            event(4, "invoice.settled"), event(5, "invoice.created"),
        ]
        let moment = now
        let told = try await database.write { session in
            try session.insert(merchant)
            try session.append(events[0])
            try session.insert(first)
            try session.append(events[1])
            try session.insert(second)
            try session.append(events[2])
            let told = try events.map { try session.deliveries(of: $0.id).map(\.endpoint) }
            try session.delete(first, at: moment)
            try session.append(events[3])
            try session.append(events[4])
            return told
        }
        #expect(told == [[], [first.id], [first.id, second.id], [], []])
        let left = try await database.read { session in
            try events.map { try session.deliveries(of: $0.id).map(\.endpoint) }
        }
        #expect(left == [[], [], [second.id], [second.id], []])
        try await database.close()
    }

    @Test("keeps what was committed when it is opened again", arguments: Engine.allCases)
    func reopened(engine: Engine) async throws {
        let place = try engine.place()
        let database = try engine.open(place)
        try await database.write { try LedgerWriter($0).post(Self.ledgerTransaction(1, 5)) }
        try await database.close()
        let again = try engine.open(place)
        #expect(try await again.read { try $0.balance(AccountID(text: "a/x"), of: nil, asset: .stars).units } == 5)
        try await again.close()
    }

    @Test(
        "finds changes of the journal behind the gateway's back",
        arguments: [
            "UPDATE ledger_transactions SET movement = 'other' WHERE sequence = 2",
            "UPDATE ledger_transactions SET posted_at = posted_at - 1 WHERE sequence = 2",
            "UPDATE ledger_transactions SET period = period + 1 WHERE sequence = 2",
            "UPDATE ledger_transactions SET provider = 'other' WHERE sequence = 2",
            "UPDATE ledger_transactions SET rail = 1 WHERE sequence = 2",
            "UPDATE ledger_transactions SET occurred_at = occurred_at + 1 WHERE sequence = 1",
            "UPDATE ledger_transactions SET kind = 3 WHERE sequence = 3",
            "UPDATE postings SET units = (SELECT units FROM balances WHERE account = 2) WHERE sequence = 2 AND line = 0",
            "UPDATE postings SET account = 1 WHERE sequence = 2 AND line = 1",
            "DELETE FROM postings WHERE sequence = 3 AND line = 0",
            "UPDATE ledger_transactions SET reverses = (SELECT id FROM ledger_transactions ORDER BY id DESC LIMIT 1) WHERE sequence = 1",
            "UPDATE balances SET units = (SELECT units FROM postings WHERE sequence = 1 AND line = 0) WHERE account = 2",
            "UPDATE balances SET account = 3 WHERE account = 2",
        ],
        Engine.allCases
    )
    func audit(change: String, engine: Engine) async throws {
        let database = try engine.open()
        for number in 1...3 {
            try await database.write { try LedgerWriter($0).post(Self.ledgerTransaction(UInt128(number), 5)) }
        }
        #expect(try await database.read { try $0.auditJournal().findings.isEmpty })
        _ = try await database.write { session in
            try session.execute("INSERT INTO accounts (code, scope) VALUES ('z', '')", [])
            try session.execute(change, [])
        }
        #expect(try await database.read { try $0.auditJournal().findings.isEmpty } == false)
        try await database.close()
    }

    /// A cached account number whose row was rolled back would make every later booking on the account fail.
    @Test("forgets the number of an account that was rolled back", arguments: Engine.allCases)
    func rolledBackAccount(engine: Engine) async throws {
        let database = try engine.open()
        try await database.write { session in
            let table = "CREATE TABLE orphans (id BIGINT PRIMARY KEY, parent BIGINT REFERENCES orphans (id)"
            try session.execute(table + " DEFERRABLE INITIALLY DEFERRED)", [])
        }
        let (isHeld, holds) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        async let first: Void = database.write { _ in
            holds.yield()
            gate.wait()
        }
        for await _ in isHeld { break }
        let units: [@Sendable (any SQLSession) throws -> Void] = [
            { try LedgerWriter($0).post(Self.ledgerTransaction(1, 5)) }, { _ in throw Refused() },
            { try LedgerWriter($0).post(Self.ledgerTransaction(2, 5)) },
            { try $0.execute("INSERT INTO orphans (id, parent) VALUES (1, 2)", []) },
        ]
        await withTaskGroup(of: Void.self) { group in
            for unit in units {
                group.addTask { _ = try? await database.write(unit) }
                for _ in 0..<1_000 { await Task.yield() }
            }
            gate.signal()
        }
        _ = try await first
        #expect(try await database.read { try $0.trialBalance().lines.isEmpty }, "nothing was committed")
        try await database.write { try LedgerWriter($0).post(Self.ledgerTransaction(3, 5)) }
        let (balance, findings) = try await database.read { session in
            (
                try session.balance(AccountID(text: "a/x"), of: nil, asset: .stars).units,
                try session.auditJournal().findings
            )
        }
        #expect(balance == 5 && findings.isEmpty)
        try await database.close()
    }

    @Test("reverses an existing ledger transaction once", arguments: Engine.allCases)
    func reversal(engine: Engine) async throws {
        let database = try engine.open()
        let booked = try Self.ledgerTransaction(1, 5)
        @Sendable func undo(_ booked: LedgerTransaction, as number: UInt128) async throws {
            let undone = try LedgerTransaction.reversing(
                booked,
                id: Identifier(value: number),
                kind: .movementUndone,
                occurredAt: Timestamp(seconds: 2),
                postedAt: Timestamp(seconds: 3)
            )
            try await database.write { try LedgerWriter($0).post(undone) }
        }
        await #expect(throws: StorageError.self) { try await undo(booked, as: 2) }
        try await database.write { try LedgerWriter($0).post(booked) }
        try await undo(booked, as: 3)
        await #expect(throws: StorageError.self) { try await undo(booked, as: 4) }
        let found = try await database.read { session in
            (
                try session.ledgerTransactions(booked.subject), try session.auditJournal().findings,
                try session.balance(AccountID(text: "a/x"), of: nil, asset: .stars)
            )
        }
        #expect(found.0.map(\.reverses) == [nil, booked.id])
        #expect(found.1.isEmpty && found.2.isZero)
        try await database.close()
    }

    @Test("finds the accounts of one kind and no other", arguments: Engine.allCases)
    func balances(engine: Engine) async throws {
        let database = try engine.open()
        let found = try await database.write { session -> [String] in
            for (index, account) in ["pay", "pay/a", "pay/b", "pay_x", "paz/a"].enumerated() {
                let amount = Amount(asset: .stars, units: 1)
                try LedgerWriter(session).post(
                    LedgerTransaction(
                        id: Identifier(value: UInt128(index + 1)),
                        kind: .movement,
                        subject: LedgerSubject(.movement, "s"),
                        occurredAt: Timestamp(seconds: 1),
                        postedAt: Timestamp(seconds: 2),
                        postings: [
                            Posting(account: AccountID(text: account), amount: amount),
                            Posting(account: AccountID(text: "other"), amount: amount.negated()),
                        ]
                    )
                )
            }
            return try session.balances(code: AccountCode("pay")).map(\.account.text)
        }
        #expect(found == ["pay", "pay/a", "pay/b"])
        try await database.close()
    }

    @Test("lets a request with an idempotency key run once for each merchant", arguments: Engine.allCases)
    func idempotency(engine: Engine) async throws {
        let database = try engine.open()
        let now = now
        try await database.write { session in
            for id in [MerchantID(value: 1), MerchantID(value: 2)] {
                try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
            }
        }
        let scope = IdempotencyScope(merchant: MerchantID(value: 1), route: "POST /v1/invoices", key: "k")
        let soon = now.advanced(by: .seconds(30))
        @Sendable func claim(
            _ fingerprint: [UInt8],
            _ object: String,
            at moment: Timestamp
        ) async throws -> IdempotencyClaim {
            try await database.write { session in
                try session.claimIdempotency(scope, fingerprint: fingerprint, object: object, at: moment, until: soon)
            }
        }
        #expect(try await claim([1], "inv_a", at: now) == .claimed(object: "inv_a"))
        #expect(try await claim([1], "inv_b", at: now) == .inFlight)
        #expect(try await claim([2], "inv_b", at: now) == .mismatch)
        // The owner died: the next owner goes on with the same object.
        #expect(try await claim([1], "inv_c", at: soon) == .claimed(object: "inv_a"))
        try await database.write { try $0.finishIdempotency(scope, status: 201, body: "{}") }
        #expect(try await claim([1], "inv_d", at: soon) == .replay(status: 201, body: "{}"))
        #expect(try await claim([2], "inv_d", at: soon) == .mismatch)
        let other = IdempotencyScope(merchant: MerchantID(value: 2), route: "POST /v1/invoices", key: "k")
        let theirs = try await database.write { session in
            try session.claimIdempotency(other, fingerprint: [9], object: "inv_z", at: now, until: soon)
        }
        #expect(theirs == .claimed(object: "inv_z"))
        try await database.close()
    }

    @Test("moves a scan cursor only from where it stands", arguments: Engine.allCases)
    func cursor(engine: Engine) async throws {
        let database = try engine.open()
        let now = now
        @Sendable func move(_ from: String?, _ to: String) async throws -> Bool {
            try await database.write { session in
                try session.advanceScan(
                    provider: "p",
                    account: "a",
                    subject: "s",
                    from: from,
                    to: to,
                    completeUntil: nil,
                    at: now
                )
            }
        }
        #expect(try await move(nil, "1"))
        #expect(try await !move(nil, "2"))
        #expect(try await !move("0", "2"))
        #expect(try await move("1", "2"))
        #expect(try await database.read { try $0.scanPosition(provider: "p", account: "a", subject: "s") } == "2")
        // A provider is complete up to its slowest scan, and nothing is known while one scan has not reported.
        let complete = { @Sendable in try await database.read { try $0.completeUntil(provider: "p") } }
        #expect(try await complete() == nil)
        let later = now.advanced(by: .seconds(9))
        for (account, position, moment) in [("a", "2", now), ("b", nil, later), ("a", "1", later), ("b", "1", now)] {
            try await database.write { session in
                try session.passScan(
                    provider: "p",
                    account: account,
                    subject: "s",
                    at: position,
                    completeUntil: moment
                )
            }
        }
        #expect(try await complete() == now)
        let second = try await database.read { try $0.completeUntil(provider: "p", account: "b", subject: "s") }
        #expect(second == later)
        #expect(try await database.read { try $0.completeUntil(provider: "nobody") } == nil)
        try await database.close()
    }

    /// PostgreSQL answers COMMIT after a failed statement with ROLLBACK, and reports success: a unit that swallows the
    /// failure must not be told that it was committed.
    @Test("confirms no unit that was rolled back", arguments: Engine.allCases)
    func swallowedFailure(engine: Engine) async throws {
        let database = try engine.open()
        let merchant = MerchantRecord(id: MerchantID(value: 1), name: "m", feeBasisPoints: 0, createdAt: now)
        let isTold = try? await database.write { session -> Bool in
            try session.insert(merchant)
            _ = try? session.execute("INSERT INTO merchants (id) VALUES (NULL)", [])
            return true
        }
        let isKept = try await database.read { try $0.merchants() } == [merchant]
        #expect((isTold == true) == isKept)
        try await database.write { try LedgerWriter($0).post(Self.ledgerTransaction(1, 5)) }
        try await database.close()
    }
}
