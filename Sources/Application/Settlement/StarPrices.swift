package import Money
package import Seams

/// The price of a Star when an invoice is priced in money: what customers pay for it, or what Telegram pays out for it.
///
/// The two differ by the share of the shops and of Telegram. A merchant chooses by the setting ``setting`` of the rail.
package struct StarPrices: Sendable {
    /// The price that counts.
    package enum Basis: String, Hashable, Sendable, Codable, CaseIterable {
        /// The price that a customer pays for a Star, so that the customer pays the invoice's price.
        case customer
        /// The amount that Telegram pays out for a Star when it is withdrawn, so that the merchant gets the invoice's
        /// price.
        case reward
    }

    /// The setting of a rail by which a merchant chooses.
    package static let setting = "stars_price"

    private let prices: [Basis: Rate]
    /// The basis when the merchant chose none.
    package let usual: Basis
    private let validity: Duration

    /// Prices of a Star in US dollars, as decimal texts.
    ///
    /// - Throws: `MoneyError` when a price is not valid.
    package init(customer: String, reward: String, usual: Basis, validFor validity: Duration) throws(MoneyError) {
        var prices: [Basis: Rate] = [:]
        for (basis, price) in [(Basis.customer, customer), (.reward, reward)] {
            prices[basis] = try Rate(
                base: .stars,
                quote: .usDollars,
                price: price,
                source: "stars:\(basis.rawValue)",
                observedAt: Timestamp(seconds: 0)
            )
        }
        self.prices = prices
        self.usual = usual
        self.validity = validity
    }

    /// The price of one major unit of an asset in Stars, by way of dollars when it is another currency.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/noRate`` when there is no rate of it in dollars.
    func quote(
        of base: AssetID,
        by basis: Basis,
        from rates: any RateSource,
        at now: Timestamp
    ) throws(SettlementError) -> Quote {
        do throws(MoneyError) {
            guard let price = prices[basis] else { throw MoneyError(.invalidRate, "a Star has no price") }
            var (numerator, denominator) = (price.denominator, price.numerator)
            var (source, observedAt, validUntil) = (price.source, now, now.advanced(by: validity))
            if base != .usDollars {
                let quote = try rates.rate(base, in: .usDollars, at: now)
                numerator *= quote.rate.numerator
                denominator *= quote.rate.denominator
                source += ", \(quote.rate.source)"
                (observedAt, validUntil) = (quote.rate.observedAt, min(validUntil, quote.validUntil))
            }
            let rate = try Rate(
                base: base,
                quote: .stars,
                numerator: numerator,
                denominator: denominator,
                source: source,
                observedAt: observedAt
            )
            return Quote(rate: rate, validUntil: validUntil)
        } catch {
            throw SettlementError(.noRate, "no rate of \(base) in Stars: \(error.reason)", parameter: "asset")
        }
    }
}

extension Settlement {
    /// The price of one major unit of an asset in another, and in Stars as the settings of an option choose.
    ///
    /// - Throws: ``SettlementError`` with ``SettlementError/Code/noRate``, or ``SettlementError/Code/invalidRequest``
    ///   when the chosen basis is unknown.
    package func quote(
        _ base: AssetID,
        in asset: AssetID,
        settings: Labels = [:],
        at now: Timestamp
    ) throws(SettlementError) -> Quote {
        guard asset == .stars, let stars else {
            do { return try rates.rate(base, in: asset, at: now) } catch {
                throw SettlementError(.noRate, error.reason, parameter: "asset")
            }
        }
        if let text = settings[StarPrices.setting] {
            guard let basis = StarPrices.Basis(rawValue: text) else {
                let known = StarPrices.Basis.allCases.map(\.rawValue).joined(separator: " or ")
                throw SettlementError(.invalidRequest, "'\(StarPrices.setting)' is \(known)", parameter: "settings")
            }
            return try stars.quote(of: base, by: basis, from: rates, at: now)
        }
        // A rate that the operator states for this very pair comes before one by way of dollars.
        do { return try rates.rate(base, in: asset, at: now) } catch {
            return try stars.quote(of: base, by: stars.usual, from: rates, at: now)
        }
    }
}
