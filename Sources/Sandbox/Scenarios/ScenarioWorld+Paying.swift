import BigInt
import FixtureTelegram
import Gateway
import HTTPMessages
import Money
import Routing
import Sandbox
package import StrictJSON

/// How customers pay in a scenario.
extension ScenarioWorld {
    /// A customer pays an option.
    ///
    /// - Throws: what the networks throw.
    /// - Returns: whether the money was taken.
    package func pay(_ option: JSONValue, _ pay: Scenario.Pay) async throws -> Bool {
        var payment = SandboxControl.Payment(user: pay.user)
        if let text = pay.amount, let asset = option["asset"]?.stringValue {
            payment.units = try BigUInt(exactly: BigInt(amount(text, asset).units))
        }
        if let units = pay.units { payment.units = try SandboxControl.Payment.units(units) }
        payment.hasNoComment = pay.comment == "none"
        payment.comment = pay.comment == "none" ? nil : pay.comment
        payment.isBounced = pay.bounced ?? false
        payment.isCounterfeit = pay.jetton == "fake"
        payment.isThroughContract = pay.through == "contract"
        payment.isByIssuer = pay.through == "issuer"
        payment.form = try pay.written.map(SandboxControl.Payment.form)
        return try await networks.control.pay(option, payment)
    }

    /// A customer pays the amount that is due of an option.
    ///
    /// - Throws: what the networks throw.
    /// - Returns: whether the money was taken.
    package func pay(_ option: JSONValue, by user: String) async throws -> Bool {
        try await networks.control.pay(option, SandboxControl.Payment(user: user))
    }

    /// Telegram pushes bytes to the gateway's bot.
    ///
    /// - Throws: ``ScenarioError`` when the bot has no webhook.
    /// - Returns: the failure when Telegram would push them again; nil when they were taken.
    func push(_ body: String) async throws -> String? {
        guard let webhook = networks.telegram.webhook(of: SandboxNetworks.botToken) else {
            throw ScenarioError("the bot has no webhook")
        }
        let request = HTTPRequest(
            method: "POST",
            url: "/telegram/shop",
            fields: [HTTPField("X-Telegram-Bot-Api-Secret-Token", webhook.secret)],
            body: Array(body.utf8)
        )
        let answer = await gateway.router.respond(to: request)
        return answer.status == 200 ? nil : "the push was answered \(answer.status)"
    }
}
