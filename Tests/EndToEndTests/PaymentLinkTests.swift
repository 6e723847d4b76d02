import CommandParts
import Cryptography
import Gateway
import HTTPMessages
import Payments
import Routing
import Sandbox
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
        return await world.gateway.router.respond(to: HTTPRequest(method: "POST", url: "/buy/\(link)", fields: fields))
    }

    private static func invoice(_ response: HTTPResponse) throws -> String {
        #expect(response.status == 303)
        return String(try #require(response.field("Location")).dropFirst("/pay/".count))
    }

    private static func left(_ world: ScenarioWorld, _ link: String) async throws -> Int64? {
        try await world.merchant.get("/v1/payment_links/\(link)")["left"]?.integerValue
    }

    private static func state(_ world: ScenarioWorld, _ invoice: String) async throws -> String? {
        try await world.merchant.get("/v1/invoices/\(invoice)")["state"]?.stringValue
    }

    private static func pay(_ world: ScenarioWorld, _ invoice: String, by user: String) async throws {
        let option = try await world.merchant.get("/v1/invoices/\(invoice)")["options"]?.arrayValue?.first
        #expect(try await world.pay(try #require(option), by: user))
    }

    @Test("sell their stock: a payment takes a piece, and an open invoice takes none")
    func stock() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: 2)["id"]?.stringValue)
            var invoices: [String] = []
            for _ in 0..<8 { invoices.append(try Self.invoice(await Self.buy(world, link))) }
            #expect(Set(invoices).count == 8)
            #expect(try await Self.left(world, link) == 2)
            try await Self.pay(world, invoices[3], by: "alice")
            try await world.settle()
            #expect(try await Self.state(world, invoices[3]) == "settled")
            #expect(try await Self.left(world, link) == 1)
            try await Self.pay(world, invoices[0], by: "bob")
            try await world.settle()
            #expect(try await Self.left(world, link) == 0)
            #expect(await Self.buy(world, link).status == 409)
            // The other open invoices end, so that nobody pays for a link that is sold out.
            for (number, invoice) in invoices.enumerated() {
                let isSold = number == 0 || number == 3
                #expect(try await Self.state(world, invoice) == (isSold ? "settled" : "expired"))
            }
        }
    }

    @Test("give the last piece to the first payment that is final; later ones open a case")
    func race() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: 1)["id"]?.stringValue)
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { await Self.buy(world, link).status } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 303, count: 12))
            let invoices = try await world.merchant.get("/v1/invoices?limit=100")["data"]?.arrayValue ?? []
            let ids = invoices.compactMap { $0["id"]?.stringValue }
            for (number, id) in ids.prefix(3).enumerated() { try await Self.pay(world, id, by: "customer \(number)") }
            try await world.settle()
            var states: [String] = []
            for id in ids { states.append(try await Self.state(world, id) ?? "") }
            #expect(states.sorted() == Array(repeating: "expired", count: 11) + ["settled"])
            #expect(try await world.openCases() == ["late", "late"])
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test("check the stock before Telegram takes money")
    func preCheckout() async throws {
        try await withWorld { world in
            var members = (InterfaceTests.order.members ?? []).filter {
                !["amount", "asset", "rails"].contains($0.key)
            }
            members += [
                .init("amount", "5"), .init("asset", "fiat:EUR"), .init("rails", [["rail": "telegram_fiat"]]),
                .init("stock", .integer(1)),
            ]
            let made = try await world.merchant.post("/v1/payment_links", .object(members), idempotencyKey: "l")
            let link = try #require(made["id"]?.stringValue)
            let (first, second) = (
                try Self.invoice(await Self.buy(world, link)), try Self.invoice(await Self.buy(world, link))
            )
            let option = try await world.merchant.get("/v1/invoices/\(second)")["options"]?.arrayValue?.first
            // Alice was approved and has paid; her payment has not reached the gateway yet.
            try await Self.pay(world, first, by: "alice")
            #expect(try await !world.pay(try #require(option), by: "bob"))
            try await world.settle()
            #expect(try await Self.state(world, first) == "settled")
            #expect(try await world.openCases().isEmpty)
            let path = "/v1/payment_links/\(link)"
            _ = try await world.merchant.post(path, ["stock": .integer(2)], idempotencyKey: "more")
            // A sold piece does not also count as reserved.
            let third = try Self.invoice(await Self.buy(world, link))
            try await Self.pay(world, third, by: "carol")
        }
    }

    @Test("limit the invoices that one visitor opens in a minute")
    func visitors() async throws {
        // The clock stands still, because the limit refills with time.
        try await withWorld(clock: ManualClock(SystemClock().now())) { world in
            let link = try #require(try await Self.make(world, stock: nil)["id"]?.stringValue)
            func buy(_ peer: String, _ forwarded: String? = nil) async -> Int {
                var request = HTTPRequest(method: "POST", url: "/buy/\(link)")
                request.peer = peer
                if let forwarded { request.fields.append(HTTPField("X-Forwarded-For", forwarded)) }
                return await world.gateway.router.respond(to: request).status
            }
            var statuses: [Int] = []
            for number in 0..<14 {
                // One IPv6 network is one visitor, and a visitor's own X-Forwarded-For does not count.
                statuses.append(await buy("2a00:1450:4001:81::\(number)", "9.9.9.\(number)"))
            }
            #expect(statuses.filter { $0 == 303 }.count == 10 && statuses.suffix(4).allSatisfy { $0 == 429 })
            #expect(await buy("2a00:1450:4001:82::1") == 303)
            // Behind our own proxy its entry counts, which is the last one.
            var behind: [Int] = []
            for number in 0..<14 { behind.append(await buy("127.0.0.1", "8.8.8.\(number), 9.9.9.9")) }
            #expect(behind.filter { $0 == 303 }.count == 10)
            #expect(await buy("127.0.0.1", "9.9.9.9, 9.9.9.10") == 303)
        }
    }

    /// A customer's init data, signed with a bot's token, as the field of a form.
    private static func form(_ user: Int64, _ token: String, at now: Timestamp) -> [UInt8] {
        func escaped(_ text: String) -> String {
            text.utf8.map { byte in
                let character = Character(Unicode.Scalar(byte))
                return character.isLetter || character.isNumber
                    ? String(character) : "%" + Hex.encode([byte]).uppercased()
            }
            .joined()
        }
        let fields = [
            ("auth_date", "\(now.seconds)"), ("query_id", "AAH"), ("user", "{\"id\":\(user),\"first_name\":\"A\"}"),
        ]
        let checked = fields.map { "\($0.0)=\($0.1)" }.joined(separator: "\n")
        let secret = SecretBytes(HMAC.sha256(key: Array("WebAppData".utf8), message: SecretBytes(Array(token.utf8))))
        let hash = Hex.encode(HMAC.sha256(key: secret, message: Array(checked.utf8)))
        let data = (fields + [("hash", hash)]).map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
        return Array("init_data=\(escaped(data))".utf8)
    }

    @Test("let a customer with init data have one invoice open, from any network and without a cookie")
    func oneForEachCustomer() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: nil)["id"]?.stringValue)
            @Sendable func buy(
                _ user: Int64,
                _ peer: String,
                by token: String = SandboxNetworks.botToken
            ) async -> HTTPResponse {
                var request = HTTPRequest(method: "POST", url: "/buy/\(link)")
                request.peer = peer
                request.body = Self.form(user, token, at: world.networks.clock.now())
                return await world.gateway.router.respond(to: request)
            }
            let first = try Self.invoice(await buy(7, "9.9.9.9"))
            #expect(try Self.invoice(await buy(7, "8.8.8.8")) == first)
            // Taps at the same moment open one invoice as well.
            let both = await withTaskGroup(of: String?.self) { group in
                for number in 0..<8 { group.addTask { await buy(9, "9.9.9.\(number)").field("Location") } }
                return await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(both.count == 1 && both != ["/pay/\(first)"])
            #expect(try Self.invoice(await buy(8, "9.9.9.9")) != first)
            #expect(await buy(7, "9.9.9.9", by: "1:forged").status == 401)
            // Another merchant's bot signs for the same customer. Its signature does not count here: the customer sees
            // none of this merchant's invoices, and buys like a visitor without Telegram.
            _ = try await world.addNeighbour()
            let unnamed = try await [
                Self.invoice(buy(7, "9.9.9.9", by: "900000009:neighbour")),
                Self.invoice(buy(7, "9.9.9.9", by: "900000009:neighbour")),
            ]
            #expect(Set(unnamed + [first]).count == 3)
            try await Self.pay(world, first, by: "alice")
            try await world.settle()
            #expect(try Self.invoice(await buy(7, "9.9.9.9")) != first)
        }
    }

    @Test(
        "limit the open invoices of a network without cookies, whatever it sends and however long it waits"
    )
    func bounded() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: nil)["id"]?.stringValue)
            func buy(_ peer: String, cookie: String? = nil) async -> HTTPResponse {
                var request = HTTPRequest(method: "POST", url: "/buy/\(link)")
                request.peer = peer
                if let cookie { request.fields.append(HTTPField("Cookie", cookie)) }
                return await world.gateway.router.respond(to: request)
            }
            var opened: [String] = []
            for number in 0..<80 {
                let answer = await buy("2a00:1450:4001:81::\(number)", cookie: "buy_\(link)=inv_\(number)")
                if answer.status == 303 {
                    opened.append(try Self.invoice(answer))
                } else {
                    #expect(answer.status == 429)
                }
                // Slow enough that the limit for each minute is never reached.
                world.networks.clock.advance(by: .seconds(2))
            }
            #expect(Set(opened).count == 60)
            #expect(try await world.merchant.get("/v1/invoices?limit=100")["data"]?.arrayValue?.count == 60)
            let refused = await buy("2a00:1450:4001:81::1")
            #expect(String(decoding: refused.body, as: UTF8.self).contains("too_many_open_invoices"))
            // Others can still buy, and a paid invoice frees a place.
            #expect(await buy("2a00:1450:4001:82::1").status == 303)
            try await Self.pay(world, opened[5], by: "alice")
            try await world.settle()
            #expect(await buy("2a00:1450:4001:81::1").status == 303)
        }
    }

    @Test("lead a second tap or a later visit to the open invoice, and open none for a mere look")
    func again() async throws {
        try await withWorld { world in
            let link = try #require(try await Self.make(world, stock: nil)["id"]?.stringValue)
            let page = await world.gateway.router.respond(to: HTTPRequest(url: "/buy/\(link)"))
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

    @Test("can be switched off, and refuse an order that can never be sold")
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
                #expect([400, 422].contains(await world.gateway.router.respond(to: request).status), "\(name)")
            }
        }
    }
}
