import Cryptography
import HTTPMessages
import Money
import Payments
import ProviderTelegram
import Providers
import Seams
import StrictJSON
import Synchronization
import TelegramBot
import Testing

/// A merchant's settings for a card payment: each reaches Telegram, or is refused by its name.
@Suite("Settings of card payments")
struct SettingsTests {
    /// A Telegram that remembers its requests.
    private final class Recorder: HTTPTransport {
        let bodies = Mutex<[JSONValue]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            if let body = try? JSONValue(parsing: request.body) { bodies.withLock { $0.append(body) } }
            return HTTPResponse(status: 200, body: Array(#"{"ok":true,"result":"https://t.me/$x"}"#.utf8))
        }
    }

    /// A bot that sells for rubles.
    private struct Bot {
        let recorder = Recorder()
        let channel: TelegramChannel
        let provider: TelegramFiatProvider
        let request: OpenRequest

        init(
            _ settings: [String: String],
            shippingIn currencies: [String] = ["RUB"],
            lines: [String] = []
        ) throws {
            let names = ["RUB", "EUR"]
            let assets = try AssetRegistry(
                names.map { Asset(id: try AssetID.fiat($0), code: $0, name: $0, scale: 2, displayNames: []) }
            )
            channel = .shop(over: recorder, assets)
            let rubles = try #require(assets.asset(try AssetID.fiat("RUB")))
            provider = TelegramFiatProvider(
                channel: channel,
                providerToken: SecretBytes(Array("2:TEST".utf8)),
                currencies: [rubles.id],
                table: TelegramCurrencies(assets: assets, kept: try CurrencyTable(covering: assets)),
                shipping: try currencies.map { currency in
                    ShippingOption(
                        id: currency,
                        title: currency,
                        price: try #require(assets.asset(try AssetID.fiat(currency))).amount("3.00")
                    )
                }
            )
            let price = try rubles.amount("298.00")
            request = OpenRequest(
                option: PaymentOptionID(value: 3),
                invoice: .tea(price),
                due: price,
                lines: try lines.map {
                    InvoiceLine(label: "part", amount: try rubles.amount($0, allowingNegative: true))
                },
                settings: settings.reduce(into: Labels()) { $0[$1.key] = $1.value }
            )
        }

        /// The opened option.
        var option: PaymentOption {
            PaymentOption(
                id: request.option,
                invoice: request.invoice.id,
                rail: provider.rail,
                provider: provider.key,
                due: request.due,
                price: request.due,
                quote: nil,
                instruction: .invoiceLink(url: "https://t.me/$x"),
                reference: PaymentReference(scope: "s", value: "v"),
                settings: request.settings
            )
        }

        /// The request to Telegram.
        func sent() async throws -> JSONValue {
            _ = try await provider.open(request)
            return try #require(recorder.bodies.withLock { $0.last })
        }
    }

    /// Two packets of tea for 100.50 and a pot for 97, written as YooKassa's documentation has it.
    static let receipt = """
        {"receipt":{"tax_system_code":1,"items":[
        {"description":"Tea","quantity":"2.00","amount":{"value":"100.50","currency":"RUB"},"vat_code":1,
        "payment_mode":"full_payment","payment_subject":"commodity"},
        {"description":"Pot","quantity":1,"amount":{"value":"97.00","currency":"RUB"},"vat_code":12}]}}
        """

    /// Settings with a wrong one, and its name.
    static let wrong: [(settings: [String: String], name: String)] =
        [
            "is_flexible", "need_name", "need_email", "need_phone_number", "need_shipping_address",
            "send_email_to_provider", "send_phone_number_to_provider",
        ].flatMap { flag in
            ["True", "TRUE", "1", "0", "yes", "", " true", "true ", "on", "tru\u{435}"].map { ([flag: $0], flag) }
        }
        + [
            (["color": "red"], "color"), (["max_tip_amount": "-1"], "max_tip_amount"),
            (["max_tip_amount": "1.5"], "max_tip_amount"), (["max_tip_amount": "+5"], "max_tip_amount"),
            (["max_tip_amount": "٥"], "max_tip_amount"), (["max_tip_amount": "9223372036854775808"], "max_tip_amount"),
            (["suggested_tip_amounts": "5"], "suggested_tip_amounts"),
            (["max_tip_amount": "9", "suggested_tip_amounts": "5,5"], "suggested_tip_amounts"),
            (["max_tip_amount": "9", "suggested_tip_amounts": "5,10"], "suggested_tip_amounts"),
            (["max_tip_amount": "9", "suggested_tip_amounts": "1,2,3,4,5"], "suggested_tip_amounts"),
            (["max_tip_amount": "9", "suggested_tip_amounts": "1,,2"], "suggested_tip_amounts"),
            (["photo_url": "http://shop.example/a.jpg"], "photo_url"), (["photo_url": "a.jpg"], "photo_url"),
            (["photo_width": "10"], "photo_width"),
            (["photo_url": "https://shop.example/a.jpg", "photo_size": "0"], "photo_size"),
            (["provider_data": "[]"], "provider_data"), (["provider_data": "{"], "provider_data"),
            (["provider_data": String(repeating: " ", count: 16_385)], "provider_data"),
            (["provider_data": receipt, "max_tip_amount": "5"], "provider_data"),
            (["provider_data": receipt, "is_flexible": "true"], "provider_data"),
        ]
        + [
            ("\"Tea\"", "\"\""), ("\"Tea\"", "\"\(String(repeating: "a", count: 129))\""), ("\"Tea\"", "5"),
            ("\"2.00\"", "\"0\""), ("\"2.00\"", "\"-2\""), ("\"2.00\"", "\"2.0001\""), ("\"2.00\"", "2e0"),
            ("\"2.00\"", "\"3\""), ("\"100.50\"", "100.50"), ("\"100.50\"", "\"100.505\""),
            ("\"100.50\"", "\"1,00\""), ("\"100.50\",\"currency\":\"RUB\"", "\"100.50\",\"currency\":\"EUR\""),
            ("\"vat_code\":12", "\"vat_code\":13"), ("\"vat_code\":12", "\"vat_code\":0"),
            ("\"vat_code\":12", "\"vat_code\":\"12\""), (",\"vat_code\":12", ""), ("full_payment", "paid"),
            ("commodity", "tea"), ("\"tax_system_code\":1", "\"tax_system_code\":7"),
            ("\"items\"", "\"lines\""), ("{\"receipt\":{", "{\"receipt\":[],\"other\":{"),
            ("\"97.00\"", "\"97.01\""), ("\"97.00\"", "\"9223372036854775807\""),
        ].map { (["provider_data": receipt.replacing($0.0, with: $0.1)], "provider_data") }

    @Test("are refused, with the wrong one named, before Telegram is asked", arguments: wrong.indices)
    func refused(index: Int) async throws {
        let (settings, name) = Self.wrong[index]
        let bot = try Bot(settings)
        do throws(ProviderError) {
            try bot.provider.check(bot.request)
            Issue.record("\(settings) is taken")
        } catch {
            #expect(error.setting == name && error.code == .invalidRequest, "\(settings): \(error)")
        }
        await #expect(throws: ProviderError.self) { try await bot.provider.open(bot.request) }
        #expect(bot.recorder.bodies.withLock { $0.isEmpty })
    }

    @Test("reach Telegram unchanged")
    func taken() async throws {
        let body = try await Bot([
            "is_flexible": "true", "need_name": "true", "need_email": "false", "need_phone_number": "true",
            "need_shipping_address": "true", "max_tip_amount": "500", "suggested_tip_amounts": "100,200",
            "photo_url": "https://shop.example/a.jpg", "photo_size": "1000", "photo_width": "640",
            "photo_height": "480",
        ]).sent()
        for name in ["is_flexible", "need_name", "need_phone_number", "need_shipping_address"] {
            #expect(body[name]?.boolValue == true, "\(name)")
        }
        #expect(body["need_email"] == nil)
        #expect(body["max_tip_amount"]?.integerValue == 500)
        #expect(body["suggested_tip_amounts"]?.arrayValue?.map(\.integerValue) == [100, 200])
        #expect(body["photo_url"]?.stringValue == "https://shop.example/a.jpg")
        #expect(body["photo_size"]?.integerValue == 1_000)
        #expect(body["photo_width"]?.integerValue == 640 && body["photo_height"]?.integerValue == 480)
    }

    @Test("carry a fiscal receipt, with the contact that the payment provider sends it to")
    func fiscalReceipt() async throws {
        let body = try await Bot([
            "provider_data": Self.receipt, "send_email_to_provider": "true", "send_phone_number_to_provider": "true",
        ]).sent()
        #expect(body["provider_data"]?.stringValue == Self.receipt)
        for name in ["send_email_to_provider", "need_email", "send_phone_number_to_provider", "need_phone_number"] {
            #expect(body[name]?.boolValue == true, "\(name)")
        }
    }

    @Test("may hold a discount line: the lines sent to Telegram add up to the amount due")
    func discount() async throws {
        let body = try await Bot([:], lines: ["300.00", "-5.00", "3.00"]).sent()
        #expect(body["prices"]?.arrayValue?.map { $0["amount"]?.integerValue } == [30_000, -500, 300])
    }

    @Test("may ask for a flexible price only with a way of shipping in the order's currency", arguments: [[], ["EUR"]])
    func withoutShipping(currencies: [String]) throws {
        let bot = try Bot(["is_flexible": "true"], shippingIn: currencies)
        do throws(ProviderError) {
            try bot.provider.check(bot.request)
            Issue.record("a flexible price without a way of shipping was taken")
        } catch { #expect(error.setting == "is_flexible") }
    }

    @Test("offer ways of shipping in the order's currency only")
    func shippingInCurrency() async throws {
        let bot = try Bot(["is_flexible": "true"], shippingIn: ["EUR", "RUB"])
        let question = ApprovalRequest(
            id: "1",
            reference: PaymentReference(scope: "s", value: "v"),
            payer: "1",
            topic: .shipping(address: "{}")
        )
        let ways = try #require(bot.provider.terms(of: bot.option).shipping)
        try await bot.provider.answer(question, with: .shipping(ways))
        let body = try #require(bot.recorder.bodies.withLock { $0.last })
        #expect(body["shipping_options"]?.arrayValue?.map { $0["id"]?.stringValue } == ["RUB"])
    }

    @Test("do not exist for Stars: only a subscription's first invoice has a period")
    func stars() throws {
        let bot = try Bot([:])
        let stars = TelegramStarsProvider(channel: bot.channel)
        for settings: Labels in [["subscription_period": "2592000"], ["need_email": "true"]] {
            let request = OpenRequest(
                option: bot.request.option,
                invoice: bot.request.invoice,
                due: bot.request.due,
                settings: settings
            )
            do throws(ProviderError) {
                try stars.check(request)
                Issue.record("\(settings) is taken")
            } catch { #expect(error.setting == settings.first?.key) }
        }
    }
}
