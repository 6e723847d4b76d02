import BigInt
import Money
import Records
import Seams
import StrictJSON

/// A quote as it is stored: JSON with the exact fraction.
enum QuoteText {
    static func write(_ quote: Quote) -> String {
        let value: JSONValue = [
            "base": .string(quote.rate.base.text),
            "quote": .string(quote.rate.quote.text),
            "numerator": .string(String(quote.rate.numerator)),
            "denominator": .string(String(quote.rate.denominator)),
            "source": .string(quote.rate.source),
            "observed_at": .integer(quote.rate.observedAt.microseconds),
            "valid_until": .integer(quote.validUntil.microseconds),
        ]
        return value.text
    }

    static func read(_ text: String) throws -> Quote {
        let value = try JSONValue(parsing: Array(text.utf8))
        guard let base = value["base"]?.stringValue, let quote = value["quote"]?.stringValue,
            let numerator = value["numerator"]?.stringValue.flatMap({ BigUInt($0, radix: 10) }),
            let denominator = value["denominator"]?.stringValue.flatMap({ BigUInt($0, radix: 10) }),
            let source = value["source"]?.stringValue, let observedAt = value["observed_at"]?.integerValue,
            let validUntil = value["valid_until"]?.integerValue
        else { throw StorageError.corrupt("a stored quote cannot be read") }
        return Quote(
            rate: try Rate(
                base: AssetID(base),
                quote: AssetID(quote),
                numerator: numerator,
                denominator: denominator,
                source: source,
                observedAt: Timestamp(microseconds: observedAt)
            ),
            validUntil: Timestamp(microseconds: validUntil)
        )
    }
}
