import HTTPMessages
import Money
import Rates
package import Settlement

extension GatewayConfiguration {
    /// A source of rates: a document on the web, or a file.
    package struct RateFeed: Codable, Sendable {
        /// A price in a document.
        package struct Pair: Codable, Sendable {
            /// The asset that has a price.
            package var base: String
            /// The asset that the price is in.
            package var quote: String
            /// The place of the price in the document: a JSON pointer (RFC 6901).
            package var path: String
        }

        /// Its name, which each rate carries.
        package var name: String
        /// The document's address.
        package var url: String?
        /// The prices in the document.
        package var pairs: [Pair]?
        /// The path of a file, instead of a document.
        package var file: String?

        func feed(over transport: any HTTPTransport) throws(ConfigurationError) -> any Rates.RateFeed {
            switch (url, file) {
            case (nil, let file?): return FileRateFeed(name: name, path: file)
            case (let url?, nil):
                var places: [HTTPRateFeed.Place] = []
                for pair in pairs ?? [] {
                    do {
                        places.append(
                            .init(base: try AssetID(pair.base), quote: try AssetID(pair.quote), pointer: pair.path)
                        )
                    } catch { throw ConfigurationError("rate_feeds.\(name): \(error)") }
                    guard pair.path.hasPrefix("/") else {
                        throw ConfigurationError("rate_feeds.\(name): a path is a JSON pointer, for example /ton/eur")
                    }
                }
                guard !places.isEmpty else { throw ConfigurationError("rate_feeds.\(name) names no 'pairs'") }
                return HTTPRateFeed(name: name, url: url, places: places, transport: transport)
            default: throw ConfigurationError("rate_feeds.\(name) has either a 'url' or a 'file'")
            }
        }
    }

    /// The value of a Star in US dollars, for invoices that are priced in money.
    package struct Stars: Codable, Sendable {
        /// The price that customers pay for a Star.
        package var customer: String
        /// The amount that Telegram pays out for a Star; 0.013 when nil.
        package var reward: String?
        /// The price for merchants that do not choose; what customers pay when nil.
        package var usual: StarPrices.Basis?
        /// How long a quote holds, in seconds; 900 when nil.
        package var validFor: Int?

        enum CodingKeys: String, CodingKey {
            case customer
            case reward
            case usual
            case validFor = "valid_for"
        }

        func prices() throws(ConfigurationError) -> StarPrices {
            guard (1...86_400).contains(validFor ?? 900) else {
                throw ConfigurationError("stars.valid_for lies between 1 and 86400 seconds")
            }
            do {
                return try StarPrices(
                    customer: customer,
                    reward: reward ?? "0.013",
                    usual: usual ?? .customer,
                    validFor: .seconds(validFor ?? 900)
                )
            } catch { throw ConfigurationError("stars: \(error)") }
        }
    }

    /// The rules by which rates of feeds are used.
    package struct RateRules: Codable, Sendable {
        /// The greatest age of a rate, in seconds.
        package var maximumAge: Int?
        /// For how long the last good rate is used in place of newer ones, in seconds.
        package var lastGood: Int?
        /// How far a source's rate may be from the median, in hundredths of a percent.
        package var deviationBasisPoints: Int?
        /// How far a rate may jump, in hundredths of a percent.
        package var jumpBasisPoints: Int?
        /// How long a quote holds, in seconds.
        package var validFor: Int?

        enum CodingKeys: String, CodingKey {
            case maximumAge = "maximum_age"
            case lastGood = "last_good"
            case deviationBasisPoints = "deviation_basis_points"
            case jumpBasisPoints = "jump_basis_points"
            case validFor = "valid_for"
        }

        var rules: Rates.RateRules {
            var rules = Rates.RateRules()
            if let maximumAge { rules.maximumAge = .seconds(maximumAge) }
            if let lastGood { rules.lastGoodLimit = .seconds(lastGood) }
            if let deviationBasisPoints { rules.deviationBasisPoints = deviationBasisPoints }
            if let jumpBasisPoints { rules.jumpBasisPoints = jumpBasisPoints }
            if let validFor { rules.validity = .seconds(validFor) }
            return rules
        }
    }
}
