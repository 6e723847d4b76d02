import Gateway
import GatewayHTTP
import HTTPTransport
import Payments
import Scenarios
import Seams
import StrictJSON
import Testing

@Suite("Payment links", .serialized)
struct PaymentLinkTests {
    private static func make(_ world: ScenarioWorld, stock: Int64?) async throws -> JSONValue {
        var members = InterfaceTests.order.members ?? []
        if let stock { members.append(.init("stock", .integer(stock))) }
        return try await world.merchant.post("/v1/payment_links", .object(members), idempotencyKey: "link")
    }

    private static func buy(_ world: ScenarioWorld, _ link: String, cookie: String? = nil) async -> HTTPResponse {
        let fields = cookie.map { [HTTPField("Cookie", $0)] } ?? []
        return await world.gateway.api.respond(to: HTTPRequest(method: "POST", url: "/buy/\(link)", fields: fields))
    }

    private static func invoice(_ response: HTTPResponse) throws -> String {
        #expect(response.status == 303)
        return String(try #require(response.field("Location")).dropFirst("/pay/".count))
    }

    private static func left(_ world: ScenarioWorld, _ link: String) async throws -> Int64? {
        try await world.merchant.get("/v1/payment_links/\(link)")["left"]?.integerValue
    }

    @Test("sell what is there: an invoice takes a piece, and gives it back when it ends unpaid")
    func stock() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: 2)["id"]?.stringValue)
            let first = try Self.invoice(await Self.buy(world, link))
            let second = try Self.invoice(await Self.buy(world, link))
            #expect(first != second)
            #expect(await Self.buy(world, link).status == 409)
            #expect(try await Self.left(world, link) == 0)
            _ = try await world.merchant.post("/v1/invoices/\(first)/cancel", [:], idempotencyKey: "c")
            #expect(try await Self.left(world, link) == 1)
            let invoice = try await world.merchant.get("/v1/invoices/\(second)")
            #expect(invoice["payment_link"]?.stringValue == link)
            let option = try #require(invoice["options"]?.arrayValue?.first)
            #expect(try await world.pay(option, by: "alice"))
            try await world.settle()
            #expect(try await world.merchant.get("/v1/invoices/\(second)")["state"]?.stringValue == "settled")
            #expect(try await Self.left(world, link) == 1)
        }
    }

    @Test("give the last piece to one of many who want it at once")
    func race() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: 1)["id"]?.stringValue)
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { await Self.buy(world, link).status } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [303] + Array(repeating: 409, count: 11))
        }
    }

    @Test("lead who taps twice or comes back to the invoice that is open, and open nothing for who only looks")
    func again() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: nil)["id"]?.stringValue)
            let page = await world.gateway.api.respond(to: HTTPRequest(url: "/buy/\(link)"))
            #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("1.5"))
            #expect(try await world.merchant.get("/v1/invoices")["data"]?.arrayValue?.isEmpty == true)
            let bought = await Self.buy(world, link)
            let cookie = try #require(bought.field("Set-Cookie")?.split(separator: ";").first)
            let again = await Self.buy(world, link, cookie: String(cookie))
            #expect(again.field("Location") == bought.field("Location") && again.field("Set-Cookie") == nil)
            // A cookie that names another's invoice opens a new one.
            let foreign = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "f")
            let other = await Self.buy(world, link, cookie: "buy_\(link)=\(foreign["id"]?.stringValue ?? "")")
            #expect(try Self.invoice(other) != foreign["id"]?.stringValue)
        }
    }

    @Test("stop to sell, and refuse what could never be sold")
    func stopped() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: 5)["id"]?.stringValue)
            let path = "/v1/payment_links/\(link)"
            let off = try await world.merchant.post(path, ["active": .bool(false)], idempotencyKey: "off")
            #expect(off["active"]?.boolValue == false && off["stock"]?.integerValue == 5)
            #expect(await Self.buy(world, link).status == 409)
            let on = try await world.merchant.post(path, ["active": .bool(true), "stock": .null], idempotencyKey: "on")
            #expect(on["left"]?.isNull == true)
            _ = try Self.invoice(await Self.buy(world, link))
            #expect(await Self.buy(world, "link_00000000000000000000000001").status == 404)
            for (name, value) in [("stock", JSONValue.integer(-1)), ("amount", "0"), ("payer", .integer(5))] {
                var members = (InterfaceTests.order.members ?? []).filter { $0.key != name }
                members.append(.init(name, value))
                let request = InterfaceTests.request(world, "POST", "/v1/payment_links", .object(members))
                #expect([400, 422].contains(await world.gateway.api.respond(to: request).status), "\(name)")
            }
        }
    }
}
