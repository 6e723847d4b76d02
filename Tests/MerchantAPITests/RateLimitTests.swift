import Cryptography
import HTTPMessages
import Logging
import MerchantAPI
import Payments
import Records
import Routing
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Testing
import Webhooks

/// No bots can be added.
private struct NoBots: BotRegistering {
    func add(_ bot: NewBot, id: BotID) async throws -> BotRecord {
        throw SettlementError(.unsupported, "no bots are added here")
    }

    func change(_ bot: BotRecord, _ change: BotChange) async throws -> BotRecord {
        throw SettlementError(.unsupported, "no bots are changed here")
    }
}

@Suite("The rate limit of a key")
struct RateLimitTests {
    private let secret = SecretBytes([UInt8](repeating: 1, count: 32))
    private let random = SeededRandom(seed: 5)

    private func router(on desk: Desk, perMinute: Int) -> Router {
        let merchants = RESTAPI(
            settlement: desk.settlement,
            secrets: EndpointSecrets(key: secret, random: random),
            claims: ClaimRules(domain: "pay.example", key: secret),
            mode: .test,
            endpoints: EndpointRule(allowsPrivateAddresses: false),
            random: random,
            bots: NoBots(),
            requestsPerMinute: perMinute
        )
        return Router(
            [merchants],
            metrics: Metrics(),
            clock: desk.clock,
            random: random,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func key(on desk: Desk, number: UInt128) async throws -> String {
        let text = APIKeyText(id: APIKeyID(value: number), mode: .test, random: random)
        let record = APIKeyRecord(
            id: text.id,
            merchant: desk.merchant,
            digest: text.digest,
            label: "",
            version: RESTAPI.version,
            createdAt: desk.clock.now()
        )
        try await desk.settlement.database.write { try $0.insert(record) }
        return text.text
    }

    @Test("allows ten seconds' worth at once, states the rest and the time to the next, for each key separately")
    func limit() async throws {
        let desk = try await Desk()
        let router = router(on: desk, perMinute: 60)
        let (one, other) = (try await key(on: desk, number: 1), try await key(on: desk, number: 2))
        func ask(_ key: String) async -> HTTPResponse {
            let fields = [HTTPField("Authorization", "Bearer \(key)")]
            return await router.respond(to: HTTPRequest(url: "/v1/balances", fields: fields))
        }
        for left in (0..<10).reversed() {
            let response = await ask(one)
            #expect(response.status == 200)
            #expect(response.field("RateLimit-Policy") == "\"key\";q=60;w=60")
            #expect(response.field("RateLimit") == "\"key\";r=\(left);t=\(10 - left)")
        }
        let refused = await ask(one)
        #expect(refused.status == 429)
        #expect(refused.field("Retry-After") == "1")
        #expect(refused.field("RateLimit") == "\"key\";r=0;t=1")
        #expect(try JSONValue(parsing: refused.body)["code"]?.stringValue == "rate_limited")
        #expect(await ask(other).status == 200)
        desk.clock.advance(by: .milliseconds(999))
        #expect(await ask(one).status == 429)
        desk.clock.advance(by: .milliseconds(1))
        #expect(await ask(one).status == 200)
        #expect(await ask(one).status == 429)
    }
}
