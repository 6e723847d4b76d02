import DatabaseEngines
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import Testing

@Suite("The database on PostgreSQL")
struct PostgresDatabaseTests {
    @Test("lets two gateways book in one journal at the same time, with an unbroken seal")
    func twoGateways() async throws {
        let place = try PostgresServer.newDatabase()
        let gateways = [try PostgresDatabase(settings: place), try PostgresDatabase(settings: place)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let amount = Amount(asset: .stars, units: Int256(number + 1))
                    let transaction = try LedgerTransaction(
                        id: Identifier(value: UInt128(number + 1)),
                        kind: .movement,
                        subject: LedgerSubject(.movement, "subject"),
                        occurredAt: Timestamp(seconds: 1),
                        postedAt: Timestamp(seconds: 1),
                        postings: [
                            Posting(account: AccountID(text: "a"), amount: amount),
                            Posting(account: AccountID(text: "b"), amount: amount.negated()),
                        ]
                    )
                    try await gateways[number % 2].write { try LedgerWriter($0).post(transaction) }
                }
            }
            try await group.waitForAll()
        }
        let (audit, balance) = try await gateways[0].read { session in
            (try session.auditJournal(), try session.balance(AccountID(text: "a"), of: nil, asset: .stars))
        }
        #expect(audit.checked == 200 && audit.findings.isEmpty)
        #expect(balance.units == Int256(200 * 201 / 2))
        for gateway in gateways { try await gateway.close() }
    }

    @Test("of a newer version is refused, and so is one that cannot be reached")
    func refusals() async throws {
        let place = try PostgresServer.newDatabase()
        let database = try PostgresDatabase(settings: place)
        _ = try await database.write { try $0.execute("UPDATE schema_version SET version = 99", []) }
        try await database.close()
        #expect(throws: StorageError(.newerSchema, "")) { try PostgresDatabase(settings: place) }
        #expect(throws: StorageError(.unavailable, "")) {
            try PostgresDatabase(settings: "host=/nowhere dbname=none connect_timeout=1")
        }
    }

    @Test("reconnects when the server has ended its connections")
    func lostConnections() async throws {
        let place = try PostgresServer.newDatabase()
        let (database, other) = (try PostgresDatabase(settings: place), try PostgresDatabase(settings: place))
        let merchant = MerchantRecord(
            id: MerchantID(value: 1),
            name: "m",
            feeBasisPoints: 0,
            createdAt: Timestamp(seconds: 1)
        )
        try await database.write { try $0.insert(merchant) }
        for _ in 0..<8 { _ = try await database.read { try $0.merchants() } }
        _ = try await other.write { session in
            try session.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """,
                []
            ).count
        }
        #expect(try await database.read { try $0.merchants() } == [merchant])
        #expect(try await database.write { try $0.merchant(merchant.id) } == merchant)
        try await database.close()
        try await other.close()
    }

    @Test("refuses a text that it would cut, instead of storing a part")
    func zeros() async throws {
        let database = try PostgresDatabase(settings: PostgresServer.newDatabase())
        let cut = MerchantRecord(
            id: MerchantID(value: 1),
            name: "m\u{0}n",
            feeBasisPoints: 0,
            createdAt: Timestamp(seconds: 1)
        )
        await #expect(throws: StorageError(.unstorable, "")) { try await database.write { try $0.insert(cut) } }
        #expect(try await database.read { try $0.merchants() }.isEmpty)
        try await database.close()
    }

    @Test("notifies the other gateways of committed work only")
    func news() async throws {
        let place = try Engine.postgreSQL.place()
        let (first, second) = (try Engine.postgreSQL.open(place), try Engine.postgreSQL.open(place))
        var heard = second.calls(for: .messages).makeAsyncIterator()
        // The first notice is its own start, after which it looks for earlier work.
        #expect(await heard.next() != nil)
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await first.write { session in
                _ = try session.appendInbox(.sample("1"), at: Timestamp(seconds: 1))
                throw Refused()
            }
        }
        _ = try await first.write { try $0.appendInbox(.sample("2"), at: Timestamp(seconds: 1)) }
        #expect(await heard.next() != nil)
        #expect(try await second.read { try $0.inboxDepth() } == 1)
        try await second.close()
        #expect(await heard.next() == nil)
        try await first.close()
    }
}
