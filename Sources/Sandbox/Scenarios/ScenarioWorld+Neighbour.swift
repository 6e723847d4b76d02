import CommandParts
import FixtureTelegram
import Gateway
import HTTPMessages
import MerchantAPI
import Sandbox
package import StrictJSON
import Synchronization

/// A second merchant, whose bot uses payloads of the first.
extension ScenarioWorld {
    /// The token of the second merchant's bot, and its payment provider token.
    private static let neighbour = (token: "900000009:neighbour", provider: "284685063:TEST:neighbour")

    /// Adds a second merchant with a bot of its own, once.
    ///
    /// - Throws: what the gateway refuses.
    /// - Returns: its API key.
    package func addNeighbour() async throws -> String {
        if let key = neighbourKey { return key }
        let added = try await gateway.addMerchant(name: "Neighbour", feeBasisPoints: 0, webhookURL: nil)
        let (token, provider) = Self.neighbour
        networks.telegram.addBot(token: token, providerToken: provider)
        _ = try await client(added.apiKey).post(
            "/v1/bots",
            ["token": .string(token), "provider_token": .string(provider), "currencies": ["EUR"]],
            idempotencyKey: "neighbour"
        )
        setNeighbour(key: added.apiKey)
        return added.apiKey
    }

    /// A customer pays for an option's payload in the second merchant's bot, whose owner approves before the gateway
    /// can refuse.
    ///
    /// - Throws: the gateway's refusal, and when Telegram takes no money.
    package func payElsewhere(_ option: JSONValue, by user: String, isReturned: Bool) async throws {
        _ = try await addNeighbour()
        guard let payload = option["id"]?.stringValue, let asset = option["asset"]?.stringValue else {
            throw ScenarioError("the option has no identifier")
        }
        let isStars = asset == "telegram:XTR"
        let made = try await callNeighbour(
            "createInvoiceLink",
            [
                "title": "Tea", "description": "Tea", "payload": .string(payload),
                "currency": isStars ? "XTR" : .string(String(asset.dropFirst("fiat:".count))),
                "provider_token": .string(isStars ? "" : Self.neighbour.provider),
                "prices": [["label": "Tea", "amount": .integer(try wireUnits(of: option))]],
            ]
        )
        guard let link = made.stringValue,
            case .paid(chargeID: let charge) = await networks.telegram.pay(link: link, by: user, isAgreed: true)
        else { throw ScenarioError("Telegram took no money for the other bot") }
        guard isReturned else { return }
        let number = charge.split(separator: "_").last.flatMap { Int64($0) } ?? 0
        _ = try await callNeighbour(
            "refundStarPayment",
            ["user_id": .integer(number), "telegram_payment_charge_id": .string(charge)]
        )
    }

    private func callNeighbour(_ method: String, _ members: JSONValue) async throws -> JSONValue {
        let request = HTTPRequest(
            method: "POST",
            url: "/bot\(Self.neighbour.token)/\(method)",
            fields: [HTTPField("Content-Type", "application/json")],
            body: members.bytes
        )
        let answer = try JSONValue(parsing: await networks.telegram.respond(to: request).body)
        guard let result = answer["result"] else { throw ScenarioError("the Bot API says \(answer.text)") }
        return result
    }
}
