import DatabaseEngines
import Gateway
import HTTPMessages
import HTTPServer
import Logging
import Routing
import Scenarios
import Seams
import StrictJSON
import Synchronization
import Testing

/// Canonically equivalent Unicode keys and values, in everything that stores a merchant's JSON.
@Suite("A merchant's text, byte for byte,", .serialized)
struct EquivalentKeysTests {
    private static let alike = [
        "\u{E9}", "e\u{301}", "\u{C5}", "A\u{30A}", "\u{212B}", "K", "\u{212A}", "\u{AC00}", "\u{1100}\u{1161}", ";",
        "\u{37E}", "x",
    ]

    private static func text(_ random: SeededRandom) -> String {
        (0...(random.next() % 2)).map { _ in alike[Int(random.next() % UInt64(alike.count))] }.joined()
    }

    /// Metadata of distinct keys, in any order.
    private static func metadata(_ random: SeededRandom) -> JSONValue {
        var keys: [[UInt8]] = []
        var members: [JSONValue.Member] = []
        // Always one equivalent pair.
        for key in ["caf\u{E9}", "cafe\u{301}"] + (0..<10).map({ _ in text(random) })
        where !keys.contains(Array(key.utf8)) {
            keys.append(Array(key.utf8))
            members.append(.init(key, .string(text(random))))
        }
        return .object(members.shuffled(by: random))
    }

    /// The bytes of an object with its members in the byte order of their keys.
    private static func ordered(_ value: JSONValue?) -> [UInt8] {
        let members = value?.members ?? []
        return JSONValue.object(members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }).bytes
    }

    private static func call(
        _ world: ScenarioWorld,
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        under key: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        let fields = key.map { [HTTPField("Idempotency-Key", $0)] } ?? []
        let response = await world.gateway.router.respond(
            to: InterfaceTests.request(world, method, path, body, fields: fields)
        )
        return (response.status, try JSONValue(parsing: response.body))
    }

    private static func order(_ metadata: JSONValue, _ reference: String) -> JSONValue {
        .object(
            (InterfaceTests.order.members ?? []) + [
                .init("metadata", metadata), .init("reference", .string(reference)),
            ]
        )
    }

    @Test("comes back from answers, rows, events, webhooks and repeated requests", arguments: Engine.allCases)
    func law(engine: Engine) async throws {
        let kept = Kept()
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { request in
                if let body = try? JSONValue(parsing: request.body) { kept.bodies.withLock { $0.append(body) } }
                return HTTPResponse(status: 204)
            }
        )
        let seed: UInt64 = 21
        let random = SeededRandom(seed: seed)
        try await withWorld(postgresql: engine == .postgreSQL ? try engine.place() : nil) { world in
            _ = try await Self.call(world, "POST", "/v1/webhook_endpoints", ["url": .string(server.url + "/events")])
            for number in 0..<25 {
                let metadata = Self.metadata(random)
                let wanted = Self.ordered(metadata)
                let order = Self.order(metadata, "\u{E9}\(number)")
                let made = try await Self.call(world, "POST", "/v1/invoices", order, under: "key-\(number)")
                #expect(made.status == 201 && made.body["metadata"]?.bytes == wanted, "seed \(seed): \(made.body.text)")
                let id = try #require(made.body["id"]?.stringValue)
                let read = try await Self.call(world, "GET", "/v1/invoices/\(id)").body
                #expect(read["metadata"]?.bytes == wanted, "seed \(seed)")
                let again = try await Self.call(world, "POST", "/v1/invoices", order, under: "key-\(number)")
                #expect(again.body.bytes == made.body.bytes, "seed \(seed)")
                // Text that only looks the same is another request, and another reference.
                let other = Self.order(metadata, "e\u{301}\(number)")
                #expect(try await Self.call(world, "POST", "/v1/invoices", other, under: "key-\(number)").status == 422)
                let second = try await Self.call(world, "POST", "/v1/invoices", other).body["id"]?.stringValue
                let found = try await Self.call(world, "GET", "/v1/invoices?reference=e%CC%81\(number)").body["data"]
                #expect(found?.arrayValue?.map { $0["id"]?.stringValue } == [second], "seed \(seed)")
                let event = try await Self.call(world, "GET", "/v1/events?limit=2").body["data"]?.arrayValue?.last
                #expect(event?["data"]?["id"]?.stringValue == id && event?["data"]?["metadata"]?.bytes == wanted)
                try await Self.others(world, metadata, wanted, number)
            }
            try await world.settle()
            let told = kept.bodies.withLock { $0 }.filter { $0["type"]?.stringValue == "invoice.created" }
            // For each number two invoices, and the first one of a subscription.
            #expect(told.count == 75)
            for body in told {
                let id = try #require(body["data"]?["id"]?.stringValue)
                let read = try await Self.call(world, "GET", "/v1/invoices/\(id)").body
                #expect(body["data"]?["metadata"]?.bytes == read["metadata"]?.bytes, "seed \(seed)")
            }
        }
        await server.stop()
    }

    /// The other objects that have metadata.
    private static func others(
        _ world: ScenarioWorld,
        _ metadata: JSONValue,
        _ wanted: [UInt8],
        _ number: Int
    ) async throws {
        let link = try await call(world, "POST", "/v1/payment_links", order(metadata, "r").without("reference"))
        #expect(link.status == 201, "\(link.body.text)")
        let id = link.body["id"]?.stringValue ?? ""
        let read = try await call(world, "GET", "/v1/payment_links/\(id)").body
        #expect(ordered(read["invoice"]?["metadata"]) == wanted)
        let subscription: JSONValue = [
            "title": "Tea club", "description": "Tea", "amount": "100", "metadata": metadata,
        ]
        let begun = try await call(world, "POST", "/v1/subscriptions", subscription)
        #expect(begun.status == 201 && begun.body["metadata"]?.bytes == wanted, "\(begun.body.text)")
        let kept = try await call(world, "GET", "/v1/subscriptions/\(begun.body["id"]?.stringValue ?? "")").body
        #expect(kept["metadata"]?.bytes == wanted)
        guard number < 3 else { return }
        let media: JSONValue = [
            "chat": "@teashop", "title": "Leaves", "description": "Pictures", "amount": "50", "metadata": metadata,
            "media": [["type": "photo", "media": "https://shop.example/leaves.jpg"]],
        ]
        let sold = try await call(world, "POST", "/v1/paid_media", media)
        #expect(sold.status == 201 && sold.body["metadata"]?.bytes == wanted, "\(sold.body.text)")
    }

    private final class Kept: Sendable { let bodies = Mutex<[JSONValue]>([]) }
}

extension JSONValue {
    fileprivate func without(_ key: String) -> Self { .object((members ?? []).filter { $0.key != key }) }
}

extension Array {
    fileprivate func shuffled(by random: SeededRandom) -> Self {
        var shuffled = self
        for index in shuffled.indices.dropFirst() { shuffled.swapAt(index, Int(random.next() % UInt64(index + 1))) }
        return shuffled
    }
}
