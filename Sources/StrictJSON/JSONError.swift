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

    /// Limits; the usual ones take a megabyte, 32 levels and 100,000 values.
    public init(maximumBytes: Int = 1 << 20, maximumDepth: Int = 32, maximumValues: Int = 100_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }
}
