import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Storage

@testable import Webhooks

/// A database with merchants, endpoints and events, and workers that send them.
struct Outbox: Sendable {
    let database: any Database
    let clock = ManualClock(Timestamp(seconds: 1_000_000))
    private let secrets = EndpointSecrets(
        key: SecretBytes([UInt8](repeating: 1, count: 32)),
        random: SeededRandom(seed: 1)
    )

    init(_ engine: Engine) throws { database = try engine.open() }

    /// A merchant to add, with endpoints and events by their numbers.
    struct Merchant: Sendable {
        let number: Int
        let endpoints: Range<Int>
        let events: Range<Int>
        var isOrdered = false
        /// Where the endpoint of a number is.
        var url: @Sendable (Int) -> String = { "https://\($0).example/" }
    }

    /// Adds a merchant.
    func add(_ merchant: Merchant) async throws {
        let (id, now, secrets) = (MerchantID(value: UInt128(merchant.number)), clock.now(), secrets)
        try await database.write { session in
            try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
            for number in merchant.endpoints {
                let endpoint = WebhookEndpointID(value: UInt128(number))
                let secret = try secrets.seal(StandardWebhook.Secret(random: SeededRandom(seed: 3)), of: endpoint)
                try session.insert(
                    WebhookEndpointRecord(
                        id: endpoint,
                        merchant: id,
                        url: merchant.url(number),
                        sealedSecret: secret,
                        types: [],
                        isOrdered: merchant.isOrdered,
                        createdAt: now
                    )
                )
            }
            for number in merchant.events {
                let event = EventID(value: UInt128(number))
                let (type, body) = ("invoice.settled", "{}")
                try session.append(
                    EventRecord(id: event, merchant: id, type: type, subject: "s", body: body, createdAt: now)
                )
            }
        }
    }

    /// A worker; its database may be one that fails.
    func worker(_ transport: any HTTPTransport, on database: (any Database)? = nil) -> DeliveryWorker {
        DeliveryWorker(
            database: database ?? self.database,
            transport: transport,
            secrets: secrets,
            clock: clock,
            random: SeededRandom(seed: 2),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}
