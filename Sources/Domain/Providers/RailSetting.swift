import Payments
package import Seams

/// A setting that merchants can choose for a payment on a rail: its name, and the form of its text.
package struct RailSetting: Hashable, Sendable {
    /// The form of a setting's text.
    package enum Form: Hashable, Sendable {
        /// Only `true` or `false`: `True`, `1` or `yes` would silently mean off.
        case flag
        /// A whole number in digits.
        case number(ClosedRange<Int64>)
        /// Whole numbers in digits, with commas between them.
        case numbers(maximumCount: Int)
        /// One of some words.
        case word([String])
        /// An absolute https URL of at most 2048 bytes.
        case webAddress
        /// A text of at most this many bytes.
        case text(maximumBytes: Int)
    }

    /// The name.
    package let name: String
    /// The form of the text.
    package let form: Form

    /// A setting.
    package init(_ name: String, _ form: Form) {
        self.name = name
        self.form = form
    }

    /// The fault in a text; nil when it is valid.
    package func fault(of text: String) -> String? {
        switch form {
        case .flag: text == "true" || text == "false" ? nil : "'\(name)' is true or false"
        case .number(let range):
            Self.number(text).map(range.contains) == true
                ? nil
                : "'\(name)' is a whole number in digits, from \(range.lowerBound) to \(range.upperBound)"
        case .numbers(let count):
            Self.numbers(text).map { $0.count <= count } == true
                ? nil : "'\(name)' are at most \(count) whole numbers in digits, with commas between them"
        case .word(let words): words.contains(text) ? nil : "'\(name)' is \(words.joined(separator: " or "))"
        case .webAddress:
            text.hasPrefix("https://") && WebAddress.isValid(text)
                ? nil : "'\(name)' is an absolute https URL of at most 2048 bytes"
        case .text(let count): text.utf8.count <= count ? nil : "'\(name)' has at most \(count) bytes"
        }
    }

    /// A whole number in ASCII digits: no sign, no space, no leading zero.
    static func number(_ text: String) -> Int64? {
        let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isPlain, !text.isEmpty, text == "0" || !text.hasPrefix("0") else { return nil }
        return Int64(text)
    }

    static func numbers(_ text: String) -> [Int64]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { number(String($0)) }
        return parts.contains(nil) ? nil : parts.compactMap(\.self)
    }
}

/// The settings of one option, read strictly: each is on the rail's list and has its form.
package struct RailSettings: Hashable, Sendable {
    private let texts: Labels

    /// Settings as a merchant wrote them.
    ///
    /// - Parameters:
    ///   - texts: names and texts.
    ///   - allowed: the settings of the rail.
    /// - Throws: ``ProviderError`` with ``ProviderError/Code/invalidRequest``, which names the setting.
    package init(_ texts: Labels, allowed: [RailSetting]) throws(ProviderError) {
        for label in texts {
            let (name, text) = (label.key, label.value)
            guard let setting = allowed.first(where: { $0.name.hasSameBytes(as: name) }) else {
                let known = allowed.isEmpty ? "none" : allowed.map(\.name).sorted().joined(separator: ", ")
                throw ProviderError(
                    .invalidRequest,
                    "this rail has no setting '\(name.prefix(40))'; it has: \(known)",
                    setting: name
                )
            }
            if let fault = setting.fault(of: text) { throw ProviderError(.invalidRequest, fault, setting: name) }
        }
        self.texts = texts
    }

    /// Whether a flag is on.
    package func flag(_ name: String) -> Bool { texts[name] == "true" }

    /// A number; nil when it is not set.
    package func number(_ name: String) -> Int64? { texts[name].flatMap(RailSetting.number) }

    /// Numbers; empty when they are not set.
    package func numbers(_ name: String) -> [Int64] { texts[name].flatMap(RailSetting.numbers) ?? [] }

    /// A text; nil when it is not set.
    package func text(_ name: String) -> String? { texts[name] }
}
