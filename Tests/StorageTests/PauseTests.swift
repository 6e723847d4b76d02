import DatabaseEngines
import Money
import Payments
import Records
import Seams
import Testing

@testable import Storage

/// Every query for postponed work that has come due.
@Suite("Postponed work")
struct PauseTests {
    private static let now = Timestamp(seconds: 1_764_000_000)
    private static let longest = Duration.seconds(3 * 86_400)

    /// Pauses, and whether the work is due.
    private static let pauses: [(pause: Duration, isDue: Bool)] = [
        (.zero - .seconds(86_400), true), (.zero, true), (.microseconds(1), false), (.seconds(86_400), false),
        (longest, false), (longest + .microseconds(1), true), (.seconds(315_360_000), true),
    ]

    /// Postpones work of each kind until a moment, and returns which kinds are due now.
    private static func due(at until: Timestamp, on database: any Database) async throws -> [String: Bool] {
        try await database.write { session in
            let merchant = MerchantRecord(
                id: MerchantID(value: 1),
                name: "Shop",
                feeBasisPoints: 0,
                createdAt: now
            )
            try session.insert(merchant)
            try session.insert(
                WebhookEndpointRecord(
                    id: Identifier(value: 2),
                    merchant: merchant.id,
                    url: "https://example.com",
                    sealedSecret: [1],
                    types: [],
                    createdAt: now
                )
            )
            let event = EventRecord(
                id: EventID(value: 3),
                merchant: merchant.id,
                type: "test",
                subject: "s",
                body: "{}",
                createdAt: now
            )
            try session.append(event)
            try session.execute(
                """
                INSERT INTO event_retries (book, endpoint, sequence, attempts, next_attempt_at, failed)
                SELECT w.book, w.id, p.position + 1, 1, $1, 1 FROM endpoint_positions p
                JOIN webhook_endpoints w ON w.id = p.endpoint
                """,
                [.integer(until.microseconds)]
            )
            try session.execute("UPDATE endpoint_positions SET position = position + 1", [])
            for state in [PayoutStateMachine.State.awaitingPayment, .inProgress] {
                try session.execute(
                    """
                    INSERT INTO outgoing (book, id, kind, merchant, provider, asset, amount, destination, state, created_at,
                    next_attempt_at) VALUES ((SELECT book FROM merchants), $1, \(OutgoingKind.payout.code), $2, 'p', 'telegram:XTR', $6, 'd', $3, $4, $5)
                    """,
                    [
                        .id(PayoutID(value: state == .inProgress ? 4 : 5)), .id(merchant.id), .code(state),
                        .integer(now.microseconds), .integer(until.microseconds), .units(1),
                    ]
                )
            }
            _ = try session.appendInbox(.sample("1"), at: now)
            try session.execute("UPDATE inbox SET due_at = $1", [.integer(until.microseconds)])
            _ = try session.claimLease("work", by: "another", at: now, until: until)
            let isEndpointDue = try !session.endpointsDue(at: now).isEmpty
            let turn = try session.takeTurn(at: Identifier(value: 2), at: now, until: until, limit: 9)
            try session.execute("UPDATE webhook_endpoints SET claimed_until = $1", [.integer(until.microseconds)])
            return [
                "turns": try session.takeTurn(at: Identifier(value: 2), at: now, until: now, limit: 9) != nil,
                "endpoints": isEndpointDue,
                "deliveries": turn?.deliveries.isEmpty == false,
                "transfers to sign": try !session.outgoingToSign(provider: "p", dueAt: now, limit: 9).isEmpty,
                "transfers": try !session.outgoing(in: [.inProgress], dueAt: now, limit: 9).isEmpty,
                "inbox": try !session.firstInbox(of: "s", aboutMoney: true, dueAt: now, limit: 9).isEmpty,
                "lease": try session.claimLease("work", by: "us", at: now, until: now) != nil,
            ]
        }
    }

    @Test(
        "is due when its moment has come, and when that is beyond the longest pause, as stored by a wrong clock",
        arguments: Engine.allCases
    )
    func longestPause(engine: Engine) async throws {
        for (pause, isDue) in Self.pauses {
            let database = try engine.open()
            let due = try await Self.due(at: Self.now.advanced(by: pause), on: database)
            #expect(due.count == 7)
            for (kind, found) in due { #expect(found == isDue, "\(kind), put off by \(pause)") }
            try await database.close()
        }
    }
}
