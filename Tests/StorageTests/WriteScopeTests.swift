import DatabaseEngines
import Dispatch
import Ledger
import Money
import Payments
import Records
import Seams
import Storage
import StoragePostgreSQL
import Synchronization
import Testing

/// Units of work of different books run side by side, those of one book in turn, and those that may change everything
/// alone: in one gateway, and in two on one database.
@Suite("The scope of a unit of work on PostgreSQL", .serialized)
struct WriteScopeTests {
    private static let now = Timestamp(seconds: 1_000)

    /// Two gateways on one database with two books, and a merchant in each book.
    private struct World {
        let gateways: [PostgresDatabase]

        init() async throws {
            let place = try PostgresServer.newDatabase()
            gateways = [
                try PostgresDatabase(settings: place, books: 2), try PostgresDatabase(settings: place, books: 2),
            ]
            try await gateways[0].write { session in
                for number: UInt128 in 1...2 {
                    let id = MerchantID(value: number)
                    try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
                }
            }
        }

        func close() async throws { for gateway in gateways { try await gateway.close() } }
    }

    private static let first = WriteScope.book(LedgerBook(number: 1))
    private static let second = WriteScope.book(LedgerBook(number: 2))
    private static let operators = WriteScope.book(.operators)

    /// Two scopes, and whether their units run side by side.
    private static let pairs: [(WriteScope, WriteScope, Bool)] = [
        (first, second, true), (second, first, true), (first, operators, true), (operators, second, true),
        (first, first, false), (operators, operators, false), (.everything, first, false), (first, .everything, false),
        (.everything, .everything, false), (.everything, operators, false),
    ]

    @Test("decides which units run side by side", arguments: pairs.indices, [0, 1])
    func sideBySide(pair: Int, gateway: Int) async throws {
        let world = try await World()
        let (one, other, isBeside) = Self.pairs[pair]
        let (isHeld, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let isOver = Mutex(false)
        async let held: Bool = world.gateways[0].write(in: one) { session in
            // A unit has its locks once it has run a statement.
            _ = try session.query("SELECT 1", [])
            isHeld.signal()
            let isReleased = mayEnd.wait(timeout: .now() + (isBeside ? 30 : 0.3)) == .success
            isOver.withLock { $0 = true }
            return isReleased
        }
        await Self.wait(for: isHeld)
        let sawEnd = try await world.gateways[gateway].write(in: other) { session in
            _ = try session.query("SELECT 1", [])
            let isOver = isOver.withLock { $0 }
            mayEnd.signal()
            return isOver
        }
        #expect(try await held == isBeside, "\(one) beside \(other)")
        #expect(sawEnd != isBeside, "\(one) beside \(other)")
        try await world.close()
    }

    private static func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                semaphore.wait()
                continuation.resume()
            }
        }
    }

    private static func event(_ number: UInt128, _ merchant: UInt128) -> EventRecord {
        EventRecord(
            id: EventID(value: number),
            merchant: MerchantID(value: merchant),
            type: "test",
            subject: "s",
            body: "{}",
            createdAt: now
        )
    }

    @Test("is widened when a unit changes more: the unit runs again, alone, and is stored whole")
    func widened() async throws {
        let world = try await World()
        let gateway = world.gateways[0]
        let runs = Mutex(0)
        // First its own book, then another one.
        try await gateway.write(in: Self.first) { session in
            runs.withLock { $0 += 1 }
            try session.append(Self.event(1, 1))
            try session.append(Self.event(2, 2))
        }
        #expect(runs.withLock { $0 } > 1)
        // A shared table.
        let shared = Mutex(0)
        try await gateway.write(in: Self.second) { session in
            shared.withLock { $0 += 1 }
            try session.append(Self.event(3, 2))
            _ = try session.isLive(otherwise: false)
        }
        #expect(shared.withLock { $0 } > 1)
        // The scope of the operator's book covers shared tables.
        let alone = Mutex(0)
        try await gateway.write(in: Self.operators) { session in
            alone.withLock { $0 += 1 }
            _ = try session.isLive(otherwise: true)
        }
        #expect(alone.withLock { $0 } == 1)
        let counts = try await gateway.read { session in
            try (1...3).map { try session.event(EventID(value: UInt128($0))) != nil }
        }
        #expect(counts == [true, true, true])
        try await world.close()
    }

    @Test("finds by an identifier what lies in its book alone, and is widened for what a natural key says is there")
    func places() async throws {
        let world = try await World()
        let gateway = world.gateways[0]
        let payment = Payment.stored(5, of: MerchantID(value: 2), at: Self.now)
        let observation = ObservationRecord(
            payment.naturalKey,
            provider: payment.provider,
            kind: "incoming",
            note: "",
            payment: payment.id,
            at: Self.now
        )
        try await gateway.write(in: Self.second) { session in
            _ = try session.observe(observation)
            try session.insert(payment)
        }
        for (scope, isFound) in [
            (Self.first, false), (Self.second, true), (Self.operators, false), (.everything, true),
        ] {
            let found = try await gateway.write(in: scope) { try $0.payment(payment.id) }
            #expect((found == payment) == isFound, "\(scope)")
        }
        #expect(try await gateway.read { try $0.payment(payment.id) } == payment)
        let runs = Mutex(0)
        let found = try await gateway.write(in: Self.first) { session in
            runs.withLock { $0 += 1 }
            return try session.payment(naturalKey: payment.naturalKey, at: payment.provider)
        }
        #expect(found == payment && runs.withLock { $0 } > 1)
        try await world.close()
    }

    /// Two units that book on the same new account at once would each insert its row.
    @Test("keeps one row for a new account that several books use at once", arguments: [1, 2, 3] as [UInt64])
    func newNames(seed: UInt64) async throws {
        let world = try await World()
        let random = SeededRandom(seed: seed)
        let orders = (0..<60).map { number in (number: number, account: "a/\(random.next() % 12)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for order in orders {
                group.addTask {
                    let merchant = MerchantID(value: UInt128(order.number % 2 + 1))
                    let amount = Amount(asset: .stars, units: 1)
                    let transaction = try LedgerTransaction(
                        id: Identifier(value: UInt128(order.number + 1)),
                        kind: .paymentHeld,
                        subject: LedgerSubject(PaymentID(value: UInt128(order.number + 1))),
                        origin: LedgerOrigin(merchant: merchant.text),
                        occurredAt: Self.now,
                        postedAt: Self.now,
                        postings: [
                            Posting(account: AccountID(text: order.account), amount: amount),
                            Posting(account: AccountID(text: "b"), amount: amount.negated()),
                        ]
                    )
                    let scope = order.number % 2 == 0 ? Self.first : Self.second
                    try await world.gateways[order.number / 2 % 2].write(in: scope) {
                        try LedgerWriter($0).post(transaction)
                    }
                }
            }
            try await group.waitForAll()
        }
        let audit = try await world.gateways[0].read { try $0.auditJournal() }
        #expect(audit.checked == 60 && audit.findings.isEmpty, "seed \(seed): \(audit.findings)")
        try await world.close()
    }
}
