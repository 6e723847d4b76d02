import CommandParts
import Cryptography
import Gateway
import HTTPMessages
import Payments
import Routing
import Scenarios
import Seams
import Settlement
import StrictJSON
import Testing

@Suite("Hostile input", .serialized)
struct HostileInputTests {
    private static let numbers = [
        "1e308", "1e400", "-0", "1e-400", String(repeating: "9", count: 5_000), "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551616", "0.5", "-1", "1E3",
    ]

    @Test("with numbers of every size is refused or taken as meant, and never ends the process")
    func numbers() async throws {
        try await withWorld { world in
            let members = ["expires_in", "monitor_for", "tolerance_basis_points", "payer"]
            for name in members {
                for number in Self.numbers {
                    let kept = (InterfaceTests.order.members ?? []).map { "\"\($0.key)\":\($0.value.text)" }
                    let body = "{" + (kept + ["\"\(name)\":\(number)"]).joined(separator: ",") + "}"
                    var request = InterfaceTests.request(world, "POST", "/v1/invoices", [:])
                    request.body = Array(body.utf8)
                    let response = await world.gateway.router.respond(to: request)
                    #expect(response.status != 500, "\(name): \(number.prefix(30))")
                    guard response.status == 201 else { continue }
                    // An accepted number gives an invoice with sensible times.
                    let made = try JSONValue(parsing: response.body)
                    let expires = try #require(made["expires_at"]?.stringValue.flatMap { Timestamp(rfc3339: $0) })
                    #expect(expires.since(world.gateway.settlement.clock.now()) < .seconds(32 * 86_400))
                }
            }
            for amount in Self.numbers + ["+5", " 5", "5abc", "0x10", "1_000", "\u{FF15}", "NaN", "1.0000000001"] {
                let order = (InterfaceTests.order.members ?? []).filter { $0.key != "amount" }
                let request = InterfaceTests.request(
                    world,
                    "POST",
                    "/v1/invoices",
                    .object(order + [.init("amount", .string(amount))])
                )
                let response = await world.gateway.router.respond(to: request)
                let isMoney = ["0.5", "9223372036854775807", "9223372036854775808", "18446744073709551616"]
                #expect((400...499).contains(response.status) || isMoney.contains(amount), "\(amount.prefix(30))")
            }
        }
    }

    private static let injections = [
        "' OR '1'='1", "\"; DROP TABLE invoices; --", "x' UNION SELECT digest FROM api_keys --", "%", "_", "\\", "$1",
        "'; SELECT pg_sleep(10); --", "inv_\u{0}", "\r\nSet-Cookie: a=b", "\u{1B}[31m", "../../etc/passwd", "<script>",
    ]

    @Test("with code of other languages (SQL, markup, terminal escapes) stays text, in every parameter and answer")
    func injections() async throws {
        try await withWorld { world in
            for text in Self.injections {
                let members = InterfaceTests.order.members ?? []
                let body = JSONValue.object(members + [.init("reference", .string(text))])
                let made = await world.gateway.router.respond(
                    to: InterfaceTests.request(world, "POST", "/v1/invoices", body)
                )
                #expect([201, 400, 422].contains(made.status), "\(text)")
                let query = String(text.utf8.map { "%" + Hex.encode([$0]) }.joined())
                for route in [
                    "/v1/invoices?reference=\(query)", "/v1/invoices?starting_after=\(query)",
                    "/v1/invoices?state=\(query)", "/v1/payments?invoice=\(query)", "/v1/cases?state=\(query)",
                    "/v1/invoices/\(query)", "/v1/rates?base=\(query)&quote=\(query)",
                ] {
                    let response = await world.gateway.router.respond(to: InterfaceTests.request(world, "GET", route))
                    #expect([200, 400, 404, 422].contains(response.status), "\(route)")
                    #expect(response.fields.allSatisfy { $0.value.utf8.allSatisfy { $0 >= 0x20 } })
                    let list = try JSONValue(parsing: response.body)["data"]?.arrayValue ?? []
                    #expect(list.allSatisfy { !route.contains("reference") || $0["reference"]?.stringValue == text })
                    #expect(response.body.allSatisfy { $0 >= 0x20 }, "an answer is one line without control characters")
                }
            }
            #expect(try await world.merchant.get("/v1/invoices?limit=100")["data"]?.arrayValue?.isEmpty == false)
        }
    }
}
