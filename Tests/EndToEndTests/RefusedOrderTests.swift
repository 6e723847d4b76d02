import CommandParts
import Gateway
import HTTPMessages
import Routing
import Sandbox
import Scenarios
import StrictJSON
import Testing

@Suite("An order that a rail refuses", .serialized)
struct RefusedOrderTests {
    private static func order(
        _ rails: JSONValue,
        amount: String = "0.50",
        asset: String = "fiat:EUR",
        goods: String = "physical"
    ) -> JSONValue {
        [
            "title": "Tea", "description": "Tea", "goods": .string(goods), "amount": .string(amount),
            "asset": .string(asset), "rails": rails,
        ]
    }

    private static func post(_ world: ScenarioWorld, _ path: String, _ body: JSONValue) async throws -> (Int, JSONValue)
    {
        let response = await world.gateway.router.respond(to: InterfaceTests.request(world, "POST", path, body))
        return (response.status, try JSONValue(parsing: response.body))
    }

    private static let card: JSONValue = [["rail": "telegram_fiat"]]
    private static let cardOrTON: JSONValue = [
        ["rail": "telegram_fiat"], ["rail": "ton", "asset": "ton:testnet:native", "amount": "1"],
    ]

    @Test("leaves nothing: below Telegram's least amount, with a wrong setting, and while Telegram is away")
    func nothingIsLeft() async throws {
        try await withWorld { world in
            let refusals: [(JSONValue, Int, String?)] = [
                (Self.order(Self.card), 422, nil),
                (
                    Self.order([["rail": "telegram_fiat", "settings": ["need_email": "True"]]], amount: "9.00"), 422,
                    "rails[0].settings.need_email"
                ),
                (
                    Self.order([["rail": "telegram_fiat", "settings": ["need_email": .bool(true)]]], amount: "9.00"),
                    400, "rails[0].settings.need_email"
                ),
                (
                    Self.order([["rail": "ton", "settings": ["a": "b"]]], amount: "1", asset: "ton:testnet:native"),
                    422, "rails[0].settings.a"
                ),
                (
                    Self.order(
                        [["rail": "telegram_stars", "settings": ["stars_price": "cheap"]]],
                        amount: "9.00",
                        goods: "digital"
                    ),
                    422, "rails[0].settings.stars_price"
                ),
                (
                    Self.order([["rail": "telegram_fiat", "settings": ["is_flexible": "true"]]], amount: "9.00"), 422,
                    "rails[0].settings.is_flexible"
                ),
            ]
            for path in ["/v1/invoices", "/v1/payment_links"] {
                for (body, status, parameter) in refusals {
                    let (found, problem) = try await Self.post(world, path, body)
                    #expect(found == status && problem["param"]?.stringValue == parameter, "\(problem.text)")
                }
            }
            try world.networks.control.set("telegram", "outage", [:])
            let (status, problem) = try await Self.post(world, "/v1/invoices", Self.order(Self.card, amount: "9.00"))
            #expect(status == 503, "\(problem.text)")
            for list in ["/v1/invoices", "/v1/events", "/v1/payment_links"] {
                #expect(try await world.merchant.get(list)["data"]?.arrayValue?.isEmpty == true, "\(list)")
            }
        }
    }

    @Test("takes nothing of a link's stock, and names the rail when another one could be opened")
    func unavailableRails() async throws {
        try await withWorld { world in
            let (status, invoice) = try await Self.post(world, "/v1/invoices", Self.order(Self.cardOrTON))
            #expect(status == 201)
            let rails = invoice["unavailable_rails"]?.arrayValue ?? []
            #expect(rails.map { $0["rail"]?.stringValue } == ["telegram_fiat"])
            #expect(rails.map { $0["code"]?.stringValue } == ["invalid_request"])
            #expect(rails.first?["reason"]?.stringValue?.contains("EUR") == true)
            let id = try #require(invoice["id"]?.stringValue)
            #expect(try await world.merchant.get("/v1/invoices/\(id)")["unavailable_rails"]?.arrayValue == rails)
            var members = Self.order(Self.card, amount: "9.00").members ?? []
            members.append(.init("stock", .integer(2)))
            let (made, link) = try await Self.post(world, "/v1/payment_links", .object(members))
            #expect(made == 201)
            let path = try #require(link["id"]?.stringValue)
            try world.networks.control.set("telegram", "outage", [:])
            for _ in 1...3 {
                let buying = HTTPRequest(method: "POST", url: "/buy/\(path)")
                #expect(await world.gateway.router.respond(to: buying).status == 503)
            }
            #expect(try await world.merchant.get("/v1/payment_links/\(path)")["left"]?.integerValue == 2)
        }
    }
}
