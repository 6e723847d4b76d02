import CommandParts
import Gateway
import HTTPMessages
import MerchantAPI
import Routing
import Scenarios
import StrictJSON
import Testing

@Suite("Cursors of lists", .serialized)
struct CursorTests {
    @Test("name an object of their list: unknown ones, another kind and another merchant's are refused, on every list")
    func unknown() async throws {
        try await withWorld { world in
            var document = try JSONValue(
                parsing: await world.gateway.router.respond(to: HTTPRequest(url: "/openapi.json")).body
            )
            document = document["paths"] ?? .null
            // The lists are the GET operations of the OpenAPI document that take a cursor.
            let lists = (document.members ?? []).filter { path in
                let names = path.value["get"]?["parameters"]?.arrayValue?.map { parameter in
                    parameter["name"]?.stringValue ?? parameter["$ref"]?.stringValue ?? ""
                }
                return names?.contains { $0.hasSuffix("starting_after") } == true && !path.key.contains("{")
            }
            .map(\.key)
            #expect(lists.count >= 9, "\(lists)")
            let invoice = try await world.merchant.post("/v1/invoices", InterfaceTests.order, idempotencyKey: "i")
            let invoiceID = try #require(invoice["id"]?.stringValue)
            let other = try await world.gateway.merchantAPI.add(
                MerchantRequest(
                    name: "Other",
                    feeBasisPoints: 0,
                    webhookURL: nil
                )
            )
            let foreign = InterfaceTests.request(world, "POST", "/v1/invoices", InterfaceTests.order, key: other.apiKey)
            let foreignInvoice = try JSONValue(parsing: await world.gateway.router.respond(to: foreign).body)
            let foreignID = try #require(foreignInvoice["id"]?.stringValue)
            let event = try await world.merchant.get("/v1/events")["data"]?.arrayValue?.first?["id"]?.stringValue
            for list in lists {
                for name in ["starting_after", "ending_before"] {
                    let ids = ["x", "", "inv_00000000000000000000000001", "ref_00000000000000000000000001", foreignID]
                    let wrong =
                        ids + (list == "/v1/invoices" ? [] : [invoiceID])
                        + (list == "/v1/events" ? [] : [event ?? "x"])
                    for id in wrong {
                        let request = InterfaceTests.request(world, "GET", "\(list)?\(name)=\(id)")
                        let response = await world.gateway.router.respond(to: request)
                        // Only the operator lists merchants.
                        guard response.status != 403 else { continue }
                        let problem = try JSONValue(parsing: response.body)
                        #expect(response.status == 400, "\(list)?\(name)=\(id)")
                        #expect(problem["param"]?.stringValue == name, "\(list)?\(name)=\(id): \(problem.text)")
                    }
                }
            }
            // An object that no longer matches the list's filter is still a valid cursor.
            _ = try await world.merchant.post("/v1/invoices/\(invoiceID)/cancel", [:], idempotencyKey: "c")
            let page = try await world.merchant.get("/v1/invoices?state=new&starting_after=\(invoiceID)")
            #expect(page["data"]?.arrayValue?.isEmpty == true)
        }
    }
}
