/// Why bytes are not the JSON that we take, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    public enum Code: String, Hashable, Sendable, CaseIterable {
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
    public let code: Code
    /// How many bytes come before it.
    public let offset: Int

    /// In which member it is, for example `lines[2].title`; empty when it is in none.
    ///
    /// It does not count in comparisons.
    public internal(set) var place = ""

    /// The place of something within a member or an element (`[2]`).
    public static func place(_ place: String, within part: String) -> String {
        place.isEmpty || place.hasPrefix("[") ? part + place : "\(part).\(place)"
    }

    func within(_ part: String) -> Self {
        var error = self
        error.place = Self.place(place, within: part)
        return error
    }

    /// Whether kind and position are equal.
    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code && lhs.offset == rhs.offset }

    /// Hashes kind and position.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(offset)
    }

    /// A fault of the kind `code` at `offset`.
    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// What is wrong and where; it contains nothing of the input.
    public var description: String { "JSON: \(code.rawValue) at byte \(offset)" }
}

/// How much JSON is taken from outside.
public struct JSONLimits: Hashable, Sendable {
    /// The most bytes of the whole text.
    public var maximumBytes: Int
    /// The most arrays and objects within each other.
    public var maximumDepth: Int
    /// The most values in the whole text.
    public var maximumValues: Int
    /// Whether bytes that are no UTF-8, and half of a surrogate pair that stands alone, are read as U+FFFD, which stands for
    /// what is no character, instead of being refused: for text of strangers that others pass on.
    public var repairsTexts: Bool

    /// Limits; the usual ones take a megabyte, 32 levels and 100,000 values.
    public init(
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
