import CommandParts
import FixtureTelegram
import Gateway
import HTTPMessages
import HTTPServer
import MerchantAPI
import Routing
import Sandbox
import Scenarios
import StrictJSON
import Testing

@Suite("An endpoint that was switched off", .serialized)
struct OwnerNoticeTests {
    private static func add(
        _ token: String,
        chat: String?,
        by merchant: MerchantClient,
        _ world: ScenarioWorld
    ) async throws {
        world.networks.telegram.addBot(token: token, providerToken: nil)
        let body: JSONValue = ["token": .string(token), "owner_chat": .optional(chat)]
        let bot = try await merchant.post("/v1/bots", body, idempotencyKey: token)
        #expect(bot["owner_chat"]?.stringValue == chat)
    }

    @Test(
        "is announced once, in the chat of the merchant's bot, or else in those of the operator's bots",
        arguments: [true, false]
    )
    func told(hasOwn: Bool) async throws {
        let server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: .silent,
            handler: HTTPServer.Handler { _ in HTTPResponse(status: 410) }
        )
        try await withWorld { world in
            let desk = world.client(try await world.gateway.merchantAPI.makeOperatorKey())
            try await Self.add("900000001:operators-own-token-of-35-characters", chat: "-1001", by: desk, world)
            try await Self.add(
                "900000002:merchants-own-token-of-35-characters",
                chat: hasOwn ? "-1002" : nil,
                by: world.merchant,
                world
            )
            let address: JSONValue = ["url": .string(server.url + "/events")]
            let endpoint = try await world.merchant.post("/v1/webhook_endpoints", address, idempotencyKey: "endpoint")
            let id = try #require(endpoint["id"]?.stringValue)
            _ = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "order")
            for _ in 1...2 { try await world.settle() }
            #expect(try await world.merchant.get("/v1/webhook_endpoints/\(id)")["disabled_at"]?.stringValue != nil)
            let (chat, other): (Int64, Int64) = hasOwn ? (-1002, -1001) : (-1001, -1002)
            let said = world.networks.telegram.said(in: chat)
            #expect(said.count == 1 && said.first?.text.contains(id) == true, "\(said)")
            #expect(said.first?.bot.hasPrefix(hasOwn ? "900000002" : "900000001") == true)
            #expect(world.networks.telegram.said(in: other).isEmpty)
        }
        await server.stop()
    }

    @Test("needs a well-formed owner_chat for its announcement: others are refused")
    func refused() async throws {
        try await withWorld { world in
            for chat in ["0", "-0", "+5", "05", "@", "@a b", "teashop", "", "@\u{E9}"] {
                let body: JSONValue = [
                    "token": "900000001:operators-own-token-of-35-characters", "owner_chat": .string(chat),
                ]
                let answer = await world.gateway.router.respond(
                    to: InterfaceTests.request(world, "POST", "/v1/bots", body)
                )
                #expect(answer.status == 400, "\(chat)")
            }
        }
    }
}
