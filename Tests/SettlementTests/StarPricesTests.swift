import Money
import Payments
import Seams
import Settlement
import SettlementDesk
import Testing

@Suite("The price of a Star")
struct StarPricesTests {
    /// One rate, of one pair.
    private struct OneRate: RateSource {
        let base: String
        let quote: String
        let price: String

        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            guard base.text == self.base, quote.text == self.quote,
                let rate = try? Rate(base: base, quote: quote, price: price, source: "desk", observedAt: now)
            else { throw MoneyError(.noRate, "no rate of \(base) in \(quote)") }
            return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
        }
    }

    private let now = Timestamp(seconds: 1_000_000)

    private func quote(
        _ base: String,
        _ settings: Labels,
        usual: StarPrices.Basis = .customer,
        rates: any RateSource = OneRate(base: "fiat:EUR", quote: "fiat:USD", price: "1.20")
    ) async throws -> Quote {
        let stars = try StarPrices(customer: "0.02", reward: "0.013", usual: usual, validFor: .seconds(900))
        let desk = try await Desk(rates: rates, stars: stars)
        return try desk.settlement.quote(AssetID(base), in: .stars, settings: settings, at: now)
    }

    @Test(
        "is the merchant's choice, or else the default",
        arguments: [
            // 1 USD is 50 Stars of 0.02, and 76.9 of 0.013.
            ("fiat:USD", "customer" as String?, StarPrices.Basis.reward, "50", "1", "stars:customer"),
            ("fiat:USD", "reward", .customer, "1000", "13", "stars:reward"),
            ("fiat:USD", nil, .customer, "50", "1", "stars:customer"),
            ("fiat:USD", nil, .reward, "1000", "13", "stars:reward"),
            ("fiat:EUR", "customer", .reward, "60", "1", "stars:customer, desk"),
            ("fiat:EUR", "reward", .customer, "1200", "13", "stars:reward, desk"),
        ]
    )
    func chosen(
        _ base: String,
        _ choice: String?,
        _ usual: StarPrices.Basis,
        _ numerator: String,
        _ denominator: String,
        _ source: String
    ) async throws {
        let quote = try await quote(base, choice.map { [StarPrices.setting: $0] } ?? [:], usual: usual)
        #expect("\(quote.rate.numerator)" == numerator && "\(quote.rate.denominator)" == denominator)
        #expect(quote.rate.source == source)
        // Converted through dollars, the quote holds as long as the rate in dollars.
        #expect(quote.validUntil == now.advanced(by: .seconds(base == "fiat:USD" ? 900 : 60)))
    }

    @Test("is the operator's own rate of Stars where there is one, unless a merchant chooses")
    func ownRate() async throws {
        let own = OneRate(base: "fiat:USD", quote: "telegram:XTR", price: "70")
        let stated = try await quote("fiat:USD", [:], rates: own)
        #expect(stated.rate.source == "desk")
        let chosen = try await quote("fiat:USD", [StarPrices.setting: "customer"], rates: own)
        #expect(chosen.rate.source == "stars:customer")
    }

    @Test("is refused when there is no rate, and for an unknown choice")
    func refused() async throws {
        func code(_ body: () async throws -> Quote) async -> SettlementError.Code? {
            do { _ = try await body() } catch { return (error as? SettlementError)?.code }
            return nil
        }
        #expect(await code { try await quote("ton:testnet:native", [:]) } == .noRate)
        #expect(await code { try await quote("fiat:USD", [StarPrices.setting: "cheap"]) } == .invalidRequest)
        let desk = try await Desk()
        #expect(await code { try desk.settlement.quote(AssetID("fiat:USD"), in: .stars, at: now) } == .noRate)
    }
}
