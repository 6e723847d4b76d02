import StrictJSON

/// Telegram's table of currencies, with their fraction digits and payment limits.
///
/// The exponents differ from ISO 4217 for some currencies, and the limits change with exchange rates, so the table is
/// data with a date.
package struct CurrencyTable: Hashable, Sendable {
    /// One currency.
    package struct Entry: Hashable, Sendable {
        /// Three letters.
        package let code: String
        /// The number of fraction digits.
        package let exponent: Int
        /// The least that can be paid, in smallest units.
        package let minimumAmount: Int64
        /// The most that can be paid, in smallest units.
        package let maximumAmount: Int64
    }

    /// Where Telegram publishes it.
    package static let source = "https://core.telegram.org/bots/payments/currencies.json"

    /// The day on which the table was taken from Telegram, `YYYY-MM-DD`.
    package let asOf: String
    /// The currencies, ordered by code.
    package let entries: [Entry]

    /// The currency with a code.
    package func entry(_ code: String) -> Entry? { entries.first { $0.code == code } }

    /// Reads Telegram's own `currencies.json`.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/malformed``: an unreadable table replaces nothing.
    package init(parsing bytes: [UInt8], asOf: String) throws(TelegramError) {
        try self.init(Self.json(bytes), asOf: asOf)
    }

    /// Reads the stored table: its day, and Telegram's own text under `currencies`.
    ///
    /// - Throws: ``TelegramError`` with ``TelegramError/Code/malformed``.
    package init(kept bytes: [UInt8]) throws(TelegramError) {
        let value = try Self.json(bytes)
        guard let asOf = value["as_of"]?.stringValue, let currencies = value["currencies"] else {
            throw TelegramError(.malformed, "the table has no 'as_of' or no 'currencies'")
        }
        try self.init(currencies, asOf: asOf)
    }

    private static func json(_ bytes: [UInt8]) throws(TelegramError) -> JSONValue {
        do { return try JSONValue(parsing: bytes) } catch { throw TelegramError(.malformed, error.description) }
    }

    private init(_ value: JSONValue, asOf: String) throws(TelegramError) {
        var entries: [Entry] = []
        for member in value.members ?? [] {
            let isCode =
                member.key.utf8.count == 3
                && member.key.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            guard isCode, let exponent = member.value["exp"]?.integerValue, (0...4).contains(exponent),
                let minimum = Self.amount(member.value["min_amount"]),
                let maximum = Self.amount(member.value["max_amount"]), minimum <= maximum
            else { throw TelegramError(.malformed, "the currency '\(member.key.prefix(8))' cannot be read") }
            entries.append(
                Entry(
                    code: member.key,
                    exponent: Int(exponent),
                    minimumAmount: minimum,
                    maximumAmount: maximum
                )
            )
        }
        guard !entries.isEmpty else { throw TelegramError(.malformed, "the table has no currencies") }
        self.entries = entries.sorted { $0.code < $1.code }
        self.asOf = asOf
    }

    /// Telegram writes limits as strings or numbers.
    private static func amount(_ value: JSONValue?) -> Int64? {
        let amount = value?.integerValue ?? value?.stringValue.flatMap { Int64($0) }
        return amount.flatMap { $0 > 0 ? $0 : nil }
    }

    /// The text in which the table is stored, a line for each currency.
    package var keptText: String {
        let lines = entries.map { entry -> String in
            let value: JSONValue = [
                "exp": .integer(Int64(entry.exponent)), "min_amount": .string(String(entry.minimumAmount)),
                "max_amount": .string(String(entry.maximumAmount)),
            ]
            return "    \(JSONValue.string(entry.code).text): \(value.text)"
        }
        return """
            {
              "as_of": \(JSONValue.string(asOf).text),
              "source": \(JSONValue.string(Self.source).text),
              "currencies": {
            \(lines.joined(separator: ",\n"))
              }
            }

            """
    }

    /// Whether an exponent differs in a newer table, so that amounts would be read differently.
    package func changesExponents(_ newer: Self) -> Bool {
        newer.entries.contains { entry in self.entry(entry.code).map { $0.exponent != entry.exponent } ?? false }
    }

    /// The differences to a newer table, a sentence each; with a changed exponent, amounts would be read differently.
    package func differences(to newer: Self) -> [String] {
        var differences: [String] = []
        for entry in newer.entries {
            guard let old = self.entry(entry.code) else {
                differences.append("\(entry.code) is new")
                continue
            }
            if old.exponent != entry.exponent {
                differences.append("\(entry.code) has \(entry.exponent) fraction digits instead of \(old.exponent)")
            }
            if old.minimumAmount != entry.minimumAmount || old.maximumAmount != entry.maximumAmount {
                differences.append("\(entry.code) has other limits")
            }
        }
        for old in entries where newer.entry(old.code) == nil { differences.append("\(old.code) is gone") }
        return differences
    }
}
