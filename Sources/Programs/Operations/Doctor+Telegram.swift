import Cryptography
import Foundation
import Gateway
import HTTPMessages
import Keystore
import Money
import ProviderTelegram
import Seams
import StrictJSON
import TelegramBot

/// The checks of Telegram: bots, their webhooks and provider tokens.
extension Doctor {
    func examine(
        _ bot: GatewayConfiguration.Bot,
        _ configuration: GatewayConfiguration,
        _ keystore: Keystore,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        let subject = "bot \(bot.key)"
        guard
            let token = found.take(
                subject,
                "settlegate keys add \(bot.tokenEntry) --secret-from-stdin",
                {
                    try keystore.secret(bot.tokenEntry)
                }
            )
        else { return }
        let client = bot.client(token: token, surroundings)
        do {
            found.ok(subject, "it is @\(try await client.identity().username)")
            if examine(try await client.webhook(), of: bot, configuration, &found) {
                await examineSecret(of: bot, configuration, keystore, surroundings, &found)
            }
        } catch {
            return found.error(
                subject,
                "\(error)",
                "check the token, and that test_environment is \(!bot.testEnvironment) if BotFather made it there"
            )
        }
        guard let entry = bot.providerTokenEntry, let provider = try? keystore.secret(entry) else { return }
        for currency in bot.currencies { await examine(provider, currency, client, configuration, &found) }
    }

    /// Checks that updates are sent to the configured address, as far as Telegram says.
    private func examine(
        _ webhook: BotWebhook,
        of bot: GatewayConfiguration.Bot,
        _ configuration: GatewayConfiguration,
        _ found: inout Findings
    ) -> Bool {
        let subject = "webhook of \(bot.key)"
        guard bot.updates != .polling else {
            found.warning(subject, "updates are asked for", "set updates to webhook before money is real")
            return false
        }
        guard let wanted = Self.address(of: bot, configuration) else {
            found.warning(subject, "http.public_url is not set", "set it to the https address that leads here")
            return false
        }
        if webhook.url != wanted {
            let seen = webhook.url.isEmpty ? "nowhere" : webhook.url
            found.error(
                subject,
                "updates go to \(seen), not to \(wanted)",
                "start 'settlegate serve': it sets the webhook"
            )
            return false
        }
        if !BotWebhook.neededUpdates.isSubset(of: webhook.allowedUpdates) {
            let missing = BotWebhook.neededUpdates.subtracting(webhook.allowedUpdates).sorted().joined(separator: ", ")
            found.error(subject, "these updates are not sent: \(missing)", "start 'settlegate serve': it asks for them")
        } else if let error = webhook.lastError, let at = webhook.lastErrorAt, clock.now().since(at) < .seconds(3_600) {
            found.warning(
                subject,
                "Telegram could not deliver at \(at): \(error)",
                "check that \(wanted) is reached from outside"
            )
        } else {
            found.ok(subject, "updates come, \(webhook.pendingUpdates) wait")
        }
        return true
    }

    private static func address(of bot: GatewayConfiguration.Bot, _ configuration: GatewayConfiguration) -> String? {
        configuration.http.configuredAddress.map { "\($0)/telegram/\(bot.key)" }
    }

    /// Sends updates that mean nothing, to see that the gateway accepts the configured secret and no other: Telegram
    /// does not reveal which secret it sends.
    private func examineSecret(
        of bot: GatewayConfiguration.Bot,
        _ configuration: GatewayConfiguration,
        _ keystore: Keystore,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        let subject = "webhook secret of \(bot.key)"
        guard let address = Self.address(of: bot, configuration),
            let secret = found.take(
                subject,
                "settlegate keys generate \(bot.webhookSecretEntry)",
                {
                    try keystore.secret(bot.webhookSecretEntry)
                }
            )
        else { return }
        func status(_ secret: String) async -> Int? {
            let request = HTTPRequest(
                method: "POST",
                url: address,
                fields: [
                    HTTPField("Content-Type", "application/json"), HTTPField("X-Telegram-Bot-Api-Secret-Token", secret),
                ],
                body: Array(#"{"update_id": 0, "message": {"text": "doctor"}}"#.utf8)
            )
            return try? await surroundings.transport.send(request).status
        }
        // A wrong secret first, so that a server that is not our gateway never gets ours.
        guard let stranger = await status("not-the-secret") else {
            return found.warning(
                subject,
                "no gateway answers at \(address)",
                "start 'settlegate serve', and look again"
            )
        }
        guard stranger == 401 else {
            return found.error(
                subject,
                "the server at \(address) is not this gateway: it answers a wrong secret with status \(stranger)",
                "let http.public_url lead to the gateway and to nothing else"
            )
        }
        let known = secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard await status(known) == 200 else {
            return found.error(
                subject,
                "the gateway at \(address) expects another one",
                "start 'settlegate serve' there with this keystore: it tells Telegram the secret"
            )
        }
        found.ok(subject, "the gateway takes updates that carry it, and no others")
    }

    /// Compares Telegram's table of currencies with the stored one and with the asset list.
    func examineCurrencies(
        _ configuration: GatewayConfiguration,
        _ surroundings: Gateway.Surroundings,
        _ found: inout Findings
    ) async {
        let subject = "currencies"
        let remedy = "take the currency out of the bots' 'currencies'; balances in it keep their meaning"
        do {
            let assets = try Catalogues(folder: configuration.catalogues).assets
            let text = try ConfigurationFile.text(at: configuration.catalogues + "/currencies.json")
            let kept = try CurrencyTable(kept: Array(text.utf8))
            for difference in TelegramCurrencies.differences(of: kept, from: assets) {
                found.error(subject, "currencies.json: \(difference)", remedy)
            }
            guard let url = configuration.currenciesAddress else { return }
            let current: CurrencyTable
            do { current = try await CurrencyWatch.table(at: url, by: surroundings.transport, clock) } catch {
                return found.warning(subject, "\(url) cannot be read: \(error)", "check the connection, and look again")
            }
            let differences = TelegramCurrencies.differences(of: current, from: assets)
            for difference in differences { found.error(subject, "Telegram: \(difference)", remedy) }
            let gone = kept.entries.map(\.code).filter { current.entry($0) == nil }
            for code in gone {
                found.warning(subject, "Telegram takes no \(code) any more", "settlegate currencies --write")
            }
            if differences.isEmpty, gone.isEmpty { found.ok(subject, "Telegram counts them as the asset list does") }
        } catch { found.error(subject, "\(error)", "restore the files in \(configuration.catalogues)") }
    }

    /// Makes a link that nobody gets, to see whether the provider token takes the currency.
    private func examine(
        _ providerToken: SecretBytes,
        _ currency: String,
        _ client: BotClient,
        _ configuration: GatewayConfiguration,
        _ found: inout Findings
    ) async {
        let subject = "provider token, \(currency)"
        do {
            let table = try ConfigurationFile.text(at: configuration.catalogues + "/currencies.json")
            let limits = try CurrencyTable(kept: Array(table.utf8))
            guard let least = limits.entry(currency)?.minimumAmount else {
                return found.error(subject, "Telegram has no such currency", "correct 'currencies' of the bot")
            }
            let token = providerToken.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            try await client.call(
                "createInvoiceLink",
                [
                    "title": "Test", "description": "Nobody gets this link", "payload": "doctor",
                    "provider_token": .string(token), "currency": .string(currency),
                    "prices": [["label": "Test", "amount": .integer(least)]],
                ]
            )
            found.ok(subject, "it is taken")
        } catch {
            found.error(subject, "\(error)", "check the token in BotFather's /mybots, Payments, and its currencies")
        }
    }
}
