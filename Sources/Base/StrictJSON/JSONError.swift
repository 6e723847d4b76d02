/// Why bytes are not acceptable JSON, and where.
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
    /// The number of bytes before it.
    package let offset: Int

    /// The member that contains it, for example `lines[2].title`; empty when there is none.
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

    /// The fault and its place, without any of the input.
    package var description: String { "JSON: \(code.rawValue) at byte \(offset)" }
}

/// The limits for JSON from outside.
package struct JSONLimits: Hashable, Sendable {
    /// The most bytes of the whole text.
    package var maximumBytes: Int
    /// The deepest nesting of arrays and objects.
    package var maximumDepth: Int
    /// The most values in the whole text.
    package var maximumValues: Int
    /// Whether invalid UTF-8 and lone halves of surrogate pairs are read as U+FFFD (the replacement character) instead
    /// of being refused.
    ///
    /// It is for texts of strangers that others pass on.
    package var repairsTexts: Bool

    /// Limits; by default a megabyte, 32 levels and 100,000 values.
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
