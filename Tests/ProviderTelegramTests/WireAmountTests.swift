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

/// Amounts on the wire: these tests read the bytes that Telegram gets, which decide what the customer is asked for.
@Suite("Amounts on the wire to Telegram")
struct WireAmountTests {
    /// A Telegram that remembers its requests.
    private final class Recorder: HTTPTransport {
        let bodies = Mutex<[JSONValue]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            if let body = try? JSONValue(parsing: request.body) { bodies.withLock { $0.append(body) } }
            return HTTPResponse(status: 200, body: Array(#"{"ok":true,"result":"https://t.me/$x"}"#.utf8))
        }
    }

    /// Currency, its exponent (Telegram's currencies.json), a price, and the integer that has to be sent.
    static let amounts: [(currency: String, scale: Int, price: String, wire: Int64)] = [
        ("EUR", 2, "12.50", 1_250), ("USD", 2, "0.01", 1), ("GBP", 2, "99999.99", 9_999_999),
        ("IDR", 2, "15000", 1_500_000),
        ("HUF", 2, "3.5", 350), ("JPY", 0, "1250", 1_250), ("KRW", 0, "1", 1), ("CLP", 0, "990", 990),
        ("VND", 0, "25000", 25_000), ("UGX", 0, "3700", 3_700), ("ISK", 0, "140", 140), ("XTR", 0, "250", 250),
        ("XTR", 0, "1", 1),
    ]

    private static func assets() throws -> AssetRegistry {
        var assets = [Asset(id: .stars, code: "XTR", name: "Stars", scale: 9, wireScale: 0, displayNames: [])]
        for (currency, scale, _, _) in amounts
        where currency != "XTR" && !assets.contains(where: { $0.code == currency }) {
            assets.append(
                Asset(id: try AssetID.fiat(currency), code: currency, name: currency, scale: scale, displayNames: [])
            )
        }
        return try AssetRegistry(assets)
    }

    private static func sent(
        _ row: (currency: String, scale: Int, price: String, wire: Int64),
        lines: [String] = []
    ) async throws -> JSONValue {
        let (assets, recorder) = (try assets(), Recorder())
        let channel = TelegramChannel.shop(over: recorder, assets)
        let id = row.currency == "XTR" ? AssetID.stars : try AssetID.fiat(row.currency)
        let asset = try #require(assets.asset(id))
        let price = try asset.amount(row.price)
        let request = OpenRequest(
            option: PaymentOptionID(value: 3),
            invoice: .tea(price, .digital),
            due: price,
            lines: try lines.map { InvoiceLine(label: "part", amount: try asset.amount($0)) }
        )
        if row.currency == "XTR" {
            _ = try await TelegramStarsProvider(channel: channel).open(request)
        } else {
            let fiat = TelegramFiatProvider(
                channel: channel,
                providerToken: SecretBytes(Array("2:TEST".utf8)),
                currencies: [id],
                table: TelegramCurrencies(assets: assets, kept: try CurrencyTable(covering: assets))
            )
            _ = try await fiat.open(request)
        }
        return try #require(recorder.bodies.withLock { $0.last })
    }

    @Test("are in the smallest units of each currency", arguments: amounts.indices)
    func wire(index: Int) async throws {
        let row = Self.amounts[index]
        let body = try await Self.sent(row)
        #expect(body["currency"]?.stringValue == row.currency)
        let prices = body["prices"]?.arrayValue ?? []
        #expect(prices.map { $0["amount"]?.integerValue } == [row.wire])
    }

    @Test("of the lines add up to the amount due")
    func lines() async throws {
        let body = try await Self.sent(("EUR", 2, "12.50", 1_250), lines: ["10.00", "2.49", "0.01"])
        #expect(body["prices"]?.arrayValue?.map { $0["amount"]?.integerValue } == [1_000, 249, 1])
    }
}
