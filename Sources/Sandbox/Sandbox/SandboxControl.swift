import BigInt
package import EVM
package import FixtureConnect
package import FixtureEVM
package import FixtureTON
package import FixtureTelegram
package import HTTPMessages
import Seams
import StrictJSON
package import TON

/// Control over the networks, for tests and people: the interface under `/sandbox`.
package struct SandboxControl: Sendable {
    let clock: SandboxClock
    let telegram: FixtureTelegram
    let ton: FixtureTON
    let jettonMaster: TONAddress
    let evm: FixtureEVM
    let evmToken: EVMAddress
    let bridge: FixtureBridge
    let wallets: FixtureWallet

    /// Control over networks.
    package init(
        clock: SandboxClock,
        telegram: FixtureTelegram,
        ton: FixtureTON,
        jettonMaster: TONAddress,
        evm: FixtureEVM,
        evmToken: EVMAddress,
        bridge: FixtureBridge,
        wallets: FixtureWallet
    ) {
        self.clock = clock
        self.telegram = telegram
        self.ton = ton
        self.jettonMaster = jettonMaster
        self.evm = evm
        self.evmToken = evmToken
        self.bridge = bridge
        self.wallets = wallets
    }

    /// The refusal of a wish, as a sentence.
    package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// The sentence.
        package let description: String

        init(_ reason: String) {
            description = reason
        }
    }

    /// The wishes that the sandbox can fulfil, by name.
    private static let wishes: KeyValuePairs<String, @Sendable (Self, JSONValue) async throws -> JSONValue> = [
        "pay": { try await $0.pay($1) },
        "wallet": { try await $0.openWallet($1) },
        "mine": { try $0.mine($1) },
        "advance": { $0.advance($1) },
        "fault": { try $0.fault($1) },
        "ton/mint": { try $0.mintJettons($1) },
        "evm/mint": { try $0.mintTokens($1) },
        "evm/reorganise": { $0.reorganise($1) },
        "bots": { try $0.addBot($1) },
        "telegram/pay": { try await $0.payLink($1) },
        "telegram/message": { try $0.write($1) },
        "telegram/webhook": { try $0.webhook($1) },
        "telegram/said": { $0.said($1) },
        "telegram/buy_media": { try $0.buyMedia($1) },
        "telegram/subscription": { try $0.setSubscription($1) },
        "telegram/renew_token": { try $0.renewToken($1) },
        "telegram/withdraw": { try $0.withdraw($1) },
        "telegram/chargeback": { try $0.chargeBack($1) },
    ]

    /// Answers `POST /sandbox/<what>` with a JSON object.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let name = request.url.hasPrefix("/sandbox/") ? request.url.dropFirst("/sandbox/".count) : ""
        guard request.method == "POST", let wish = Self.wishes.first(where: { $0.key == name })?.value else {
            let names = Self.wishes.map(\.key).joined(separator: ", ")
            return Self.answer(404, ["error": .string("the sandbox takes POST /sandbox/ and one of \(names)")])
        }
        do {
            let body = request.body.isEmpty ? [:] : try JSONValue(parsing: request.body)
            return Self.answer(200, try await wish(self, body))
        } catch { return Self.answer(400, ["error": .string("\(error)")]) }
    }

    private static func answer(_ status: Int, _ value: JSONValue) -> HTTPResponse {
        HTTPResponse(status: status, fields: [HTTPField("Content-Type", "application/json")], body: value.bytes)
    }
}
