import BigInt

/// Amounts as decimal text in major units, one strict grammar in both directions.
extension Asset {
    /// The most bytes of an amount's text.
    private static let maximumTextBytes = 100

    /// Reads `-? (0 | [1-9][0-9]*) (. [0-9]{1,scale})?` and nothing else.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - allowingNegative: whether a minus sign may stand before it.
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/malformed``, ``MoneyError/Code/tooPrecise``,
    ///   ``MoneyError/Code/negative`` or ``MoneyError/Code/overflow``.
    /// - Returns: the amount.
    package func amount(_ text: String, allowingNegative: Bool = false) throws(MoneyError) -> Amount {
        var bytes = Array(text.utf8)[...]
        guard !bytes.isEmpty, bytes.count <= Self.maximumTextBytes else { throw .malformed(grammar) }
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative {
            guard allowingNegative else { throw MoneyError(.negative, "the amount has to be zero or more") }
            bytes = bytes.dropFirst()
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, parts.count <= 2 else { throw .malformed(grammar) }
        guard whole.count == 1 || whole.first != UInt8(ascii: "0") else { throw .malformed(grammar) }
        let fraction = parts.count == 2 ? parts[1] : []
        guard parts.count == 1 || !fraction.isEmpty else { throw .malformed(grammar) }
        guard (whole + fraction).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw .malformed(grammar)
        }
        guard fraction.count <= scale else {
            throw MoneyError(.tooPrecise, "\(code) has at most \(scale) fraction digits")
        }
        let padding = [UInt8](repeating: UInt8(ascii: "0"), count: scale - fraction.count)
        let digits = (whole + fraction + padding).drop { $0 == UInt8(ascii: "0") }
        if digits.isEmpty {
            guard !isNegative else { throw .malformed("there is no negative zero") }
            return .zero(id)
        }
        let signed = isNegative ? [UInt8(ascii: "-")] + digits : Array(digits)
        return Amount(asset: id, units: try Int256(decimal: signed))
    }

    /// The canonical text: fiat money always with all its fraction digits, everything else without trailing zeros.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/differentAssets``.
    package func text(_ amount: Amount) throws(MoneyError) -> String {
        guard amount.asset == id else { throw .differentAssets("\(amount.asset) is not \(id)") }
        return text(units: amount.units.description)
    }

    /// The canonical text of a sum, as of an amount.
    ///
    /// - Throws: ``MoneyError`` with ``MoneyError/Code/differentAssets``.
    package func text(_ sum: AmountSum) throws(MoneyError) -> String {
        guard sum.asset == id else { throw .differentAssets("\(sum.asset) is not \(id)") }
        return text(units: sum.units.description)
    }

    private func text(units: String) -> String {
        let digits = units.utf8.drop { $0 == UInt8(ascii: "-") }
        var text: [UInt8] = units.utf8.first == UInt8(ascii: "-") ? [UInt8(ascii: "-")] : []
        text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, scale + 1 - digits.count)))
        text += digits
        guard scale > 0 else { return String(decoding: text, as: UTF8.self) }
        text.insert(UInt8(ascii: "."), at: text.count - scale)
        if id.family != .fiat {
            while text.last == UInt8(ascii: "0") { text.removeLast() }
            if text.last == UInt8(ascii: ".") { text.removeLast() }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private var grammar: String {
        "an amount of \(code) is written in digits with at most \(scale) after a point, for example 12.5 or 0.5"
    }
}
