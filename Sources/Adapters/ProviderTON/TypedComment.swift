package import Seams

/// The comment of a transfer, folded for the lookup.
///
/// Wallets and people change comments: they write capitals, add quotes, line breaks or spaces, or type full-width
/// characters or letters that look alike. The folded form removes white space, quotes and invisible format characters
/// anywhere. It also undoes the case of letters, full-width forms, and characters that look like one of ``alphabet``.
/// Our own comments are of that alphabet, which folding does not change, so that two of them never become equal.
package struct TypedComment: Hashable, Sendable {
    /// The characters of our own comments: no two of them look alike, and their number divides 256.
    package static let alphabet = Array("0123456789abcdef".unicodeScalars)
    /// The number of characters in our comments, with four bits each, so that nobody can guess one.
    package static let length = 20
    /// The most bytes that are read: a longer comment is not ours.
    private static let byteLimit = 512

    /// The folded comment, which can be stored.
    package let text: String

    /// A new comment of ours.
    package static func draw(from random: any RandomSource) -> String {
        let scalars = random.bytes(length).map { alphabet[Int($0) % alphabet.count] }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The replacements for characters that look like one of the alphabet: Latin letters as in Crockford's base 32, and
    /// letters of Cyrillic and Greek keyboards.
    private static let alike: [Unicode.Scalar: Unicode.Scalar] = [
        "o": "0", "i": "1", "l": "1",
        "\u{430}": "a", "\u{410}": "a", "\u{432}": "b", "\u{412}": "b", "\u{441}": "c", "\u{421}": "c", "\u{435}": "e",
        "\u{415}": "e", "\u{43E}": "0", "\u{41E}": "0", "\u{406}": "1", "\u{456}": "1", "\u{417}": "3", "\u{437}": "3",
        "\u{391}": "a", "\u{3B1}": "a", "\u{392}": "b", "\u{395}": "e", "\u{39F}": "0", "\u{3BF}": "0", "\u{399}": "1",
    ]

    /// The folded form of a comment.
    package init(_ text: String) {
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.map(Self.narrow) where !Self.isPassedOver(scalar) {
            let small = scalar.isASCII ? Unicode.Scalar(UInt8(ascii: scalar).lowercasedLetter) : scalar
            folded.append(Self.alike[small] ?? small)
        }
        self.text = StorableText(String(folded)).text
    }

    /// The folded form of a comment's bytes; nil when they cannot be a comment of ours.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.byteLimit, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }

    /// The ASCII form of a full-width character (Unicode, "Halfwidth and Fullwidth Forms").
    private static func narrow(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard (0xFF01...0xFF5E).contains(scalar.value) else { return scalar }
        return Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
    }

    /// Whether folding drops a character: any white space, any quotation mark, and invisible characters.
    private static func isPassedOver(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isWhitespace || scalar.properties.isQuotationMark { return true }
        switch scalar {
        case "`", "\u{B4}": return true
        default: return scalar.properties.generalCategory == .format
        }
    }
}

extension UInt8 {
    /// The byte, in lower case when it is a capital letter of ASCII.
    fileprivate var lowercasedLetter: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
