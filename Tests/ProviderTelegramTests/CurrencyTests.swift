import Cryptography
import HTTPMessages
import Money
import Payments
import ProviderTelegram
import Providers
import Seams
import StrictJSON
import TelegramBot
import Testing

extension CurrencyTable {
    /// Telegram's table with the exponents of an asset list and wide limits, except for some currencies.
    init(covering assets: AssetRegistry, changing exponents: [String: Int] = [:], without gone: Set<String> = []) throws
    {
        let entries = assets.assets.filter { $0.id.family == .fiat && !gone.contains($0.code) }.map { asset in
            JSONValue.Member(
                asset.code,
                [
                    "exp": .integer(Int64(exponents[asset.code] ?? asset.wireScale)), "min_amount": "1",
                    "max_amount": "9007199254740991",
                ]
            )
        }
        try self.init(parsing: JSONValue.object(entries).bytes, asOf: "2026-11-28")
    }
}

/// A currency is taken only while the asset list, the stored table and Telegram's current table agree on its exponent.
@Suite("The exponent of a currency")
struct CurrencyTests {
    private static func assets() throws -> AssetRegistry {
        try AssetRegistry(
            [("EUR", 2), ("UGX", 0), ("BGN", 2)].map { code, scale in
                Asset(id: try AssetID.fiat(code), code: code, name: code, scale: scale, displayNames: [])
            }
        )
    }

    /// Changes of the stored table and of Telegram's, and the currencies that are still taken.
    static let rows: [(kept: [String: Int], now: [String: Int]?, gone: Set<String>, taken: Set<String>)] = [
        ([:], nil, [], ["EUR", "UGX", "BGN"]), ([:], [:], [], ["EUR", "UGX", "BGN"]),
        (["UGX": 2], nil, [], ["EUR", "BGN"]), ([:], ["UGX": 2], [], ["EUR", "BGN"]),
        (["UGX": 2], ["UGX": 2], [], ["EUR", "BGN"]), (["EUR": 0], [:], [], ["UGX", "BGN"]),
        ([:], [:], ["BGN"], ["EUR", "UGX"]), ([:], ["UGX": 2], ["BGN"], ["EUR"]),
    ]

    @Test(
        "has to be the same everywhere: a currency that differs or is gone is refused",
        arguments: rows.indices
    )
    func taken(index: Int) async throws {
        let (kept, now, gone, taken) = Self.rows[index]
        let assets = try Self.assets()
        let table = TelegramCurrencies(assets: assets, kept: try CurrencyTable(covering: assets, changing: kept))
        if let now { table.replace(with: try CurrencyTable(covering: assets, changing: now, without: gone)) }
        let provider = TelegramFiatProvider(
            channel: .shop(over: Silent(), assets),
            providerToken: SecretBytes(Array("2:TEST".utf8)),
            currencies: assets.assets.map(\.id),
            table: table
        )
        for asset in assets.assets {
            let price = try asset.amount("5000")
            let request = OpenRequest(option: PaymentOptionID(value: 3), invoice: .tea(price), due: price)
            #expect((table.fault(of: asset.code) == nil) == taken.contains(asset.code), "\(asset.code)")
            do throws(ProviderError) {
                try provider.check(request)
                #expect(taken.contains(asset.code), "\(asset.code)")
            } catch { #expect(!taken.contains(asset.code), "\(asset.code): \(error)") }
            // The rail itself is not asked: the transport throws at every call.
            if !taken.contains(asset.code) {
                do throws(ProviderError) { _ = try await provider.open(request) } catch {
                    #expect(error.code == .refused, "\(asset.code)")
                }
            }
        }
    }

    /// A transport that reaches nothing.
    private struct Silent: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            throw HTTPTransportError(.unreachable, "nobody is there")
        }
    }
}
