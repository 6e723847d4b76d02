import Gateway
import HTTPMessages
import Routing
import Scenarios
import StrictJSON
import Testing

@Suite("The comment of a payout", .serialized)
struct PayoutCommentTests {
    private static func refusedField(
        _ world: ScenarioWorld,
        _ asset: String,
        _ comment: JSONValue,
        isDry: Bool
    ) async throws -> String? {
        let isTON = asset.hasPrefix("ton")
        let destination =
            isTON ? "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs" : "0x" + String(repeating: "11", count: 20)
        let body: JSONValue = [
            "amount": "1", "asset": .string(world.assetText(asset)), "destination": .string(destination),
            "comment": comment, "dry_run": .bool(isDry),
        ]
        let fields = [HTTPField("Idempotency-Key", "\(asset.filter(\.isLetter))-\(comment.text.utf8.count)-\(isDry)")]
        let request = InterfaceTests.request(world, "POST", "/v1/payouts", body, fields: fields)
        let response = await world.gateway.router.respond(to: request)
        #expect(response.status == 422)
        return try JSONValue(parsing: response.body)["param"]?.stringValue
    }

    @Test("is refused by its name beyond 500 bytes, or where the rail carries none, also in a dry run")
    func limit() async throws {
        let long = JSONValue.string(String(repeating: "x", count: 501))
        // Bytes count, not characters.
        let wide = JSONValue.string(String(repeating: "é", count: 251))
        let full = JSONValue.string(String(repeating: "é", count: 250))
        // There is no money: where the comment is no reason, the amount is.
        let expected: [(asset: String, comment: JSONValue, field: String)] =
            ["ton:testnet:native", "ton:testnet:jetton:sandbox"].flatMap { asset in
                [(asset, long, "comment"), (asset, wide, "comment"), (asset, full, "amount")]
            }
            + ["evm:sandbox:native", "evm:sandbox:erc20"].flatMap { asset in
                [(asset, "x", "comment"), (asset, .null, "amount")]
            }
        try await withWorld { world in
            for isDry in [true, false] {
                for (asset, comment, field) in expected {
                    let refused = try await Self.refusedField(world, asset, comment, isDry: isDry)
                    #expect(refused == field, "\(asset), \(comment.text.count) bytes, dry: \(isDry)")
                }
            }
        }
    }
}
