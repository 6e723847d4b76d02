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
        let fields = [HTTPField("Idempotency-Key", "\(asset) \(comment.text.count) \(isDry)")]
        let request = InterfaceTests.request(world, "POST", "/v1/payouts", body, fields: fields)
        let response = await world.gateway.router.respond(to: request)
        #expect(response.status == 422)
        return try JSONValue(parsing: response.body)["param"]?.stringValue
    }

    @Test("is refused by its name beyond 500 bytes, or where the rail carries none, also in a dry run")
    func limit() async throws {
        try await withWorld { world in
            for isDry in [true, false] {
                for asset in ["ton:testnet:native", "ton:testnet:jetton:sandbox"] {
                    func refused(_ comment: String) async throws -> String? {
                        try await Self.refusedField(world, asset, .string(comment), isDry: isDry)
                    }
                    #expect(try await refused(String(repeating: "x", count: 501)) == "comment")
                    // Bytes count, not characters.
                    #expect(try await refused(String(repeating: "é", count: 251)) == "comment")
                    // There is no money: the comment is no reason.
                    #expect(try await refused(String(repeating: "é", count: 250)) == "amount")
                }
                for asset in ["evm:sandbox:native", "evm:sandbox:erc20"] {
                    #expect(try await Self.refusedField(world, asset, "x", isDry: isDry) == "comment")
                    #expect(try await Self.refusedField(world, asset, .null, isDry: isDry) == "amount")
                }
            }
        }
    }
}
