/// Text from outside in a form that every database keeps: UTF-8 without U+0000.
///
/// Texts of strangers may contain U+0000, which PostgreSQL cannot store. It is escaped on arrival so that different
/// texts stay different: `␛` (U+241B) and a zero stand for U+0000, `␛` twice for itself. Halves of surrogate pairs
/// never occur, because the reader of strangers' JSON replaces them.
package struct StorableText: Hashable, Sendable, CustomStringConvertible {
    private static let escape: Unicode.Scalar = "\u{241B}"

    /// The text as it is stored.
    @Exact package private(set) var text: String

    /// The escaped form of a text.
    package init(_ text: String) {
        guard text.unicodeScalars.contains(where: { $0 == Self.escape || $0.value == 0 }) else {
            self.text = text
            return
        }
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case Self.escape: escaped.append(contentsOf: [Self.escape, Self.escape])
            case "\0": escaped.append(contentsOf: [Self.escape, "0"])
            default: escaped.append(scalar)
            }
        }
        self.text = String(escaped)
    }

    /// The escaped form of a text, cut to at most `limit` bytes of UTF-8 at the end of a character.
    package init(_ text: String, limit: Int) {
        let whole = Self(text).text
        guard whole.utf8.count > limit else {
            self.text = whole
            return
        }
        var count = 0
        let kept = whole.unicodeScalars.prefix { scalar in
            count += UTF8.width(scalar)
            return count <= limit
        }
        self.text = String(String.UnicodeScalarView(kept))
    }

    /// Whether a text can be stored as it is.
    package static func isStorable(_ text: String) -> Bool { !text.utf8.contains(0) }

    /// The text as it is stored.
    package var description: String { text }
}
