/// Why bytes are not the JSON that we take, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case empty
        case unexpectedByte
        case unexpectedEnd
        case trailingBytes
        case invalidNumber
        case invalidEscape
        case loneSurrogate
        case invalidUTF8
        case duplicateKey
        case tooDeep
        case tooLarge
        case tooManyValues
    }

    /// The kind of fault.
    package let code: Code
    /// How many bytes come before it.
    package let offset: Int

    /// In which member it is, for example `lines[2].title`; empty when it is in none.
    ///
    /// It does not count in comparisons.
    package internal(set) var place = ""

    /// The place of something within a member or an element (`[2]`).
    package static func place(_ place: String, within part: String) -> String {
        place.isEmpty || place.hasPrefix("[") ? part + place : "\(part).\(place)"
    }

    func within(_ part: String) -> Self {
        var error = self
        error.place = Self.place(place, within: part)
        return error
    }

    /// Whether kind and position are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code && lhs.offset == rhs.offset }

    /// Hashes kind and position.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(offset)
    }

    /// A fault of the kind `code` at `offset`.
    package init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// What is wrong and where; it contains nothing of the input.
    package var description: String { "JSON: \(code.rawValue) at byte \(offset)" }
}

/// How much JSON is taken from outside.
package struct JSONLimits: Hashable, Sendable {
    /// The most bytes of the whole text.
    package var maximumBytes: Int
    /// The most arrays and objects within each other.
    package var maximumDepth: Int
    /// The most values in the whole text.
    package var maximumValues: Int
    /// Whether bytes that are no UTF-8, and half of a surrogate pair that stands alone, are read as U+FFFD, which stands for
    /// what is no character, instead of being refused: for text of strangers that others pass on.
    package var repairsTexts: Bool

    /// Limits; the usual ones take a megabyte, 32 levels and 100,000 values.
    package init(
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32,
        maximumValues: Int = 100_000,
        repairsTexts: Bool = false
    ) {
        self.repairsTexts = repairsTexts
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }
}
