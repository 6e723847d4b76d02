import Seams

/// What a person wrote beside a transfer, as it is looked up.
///
/// Wallets and people change a comment on its way: they write capitals, put it in quotes, break its line or leave a space
/// behind it. All of that is taken out: white space, quotes and invisible format characters wherever they stand, and the
/// case of ASCII letters. Our own comments are of ``alphabet``, which none of this touches, so that two of them never
/// become one.
package struct TypedComment: Hashable, Sendable {
    /// The characters of our own comments.
    package static let alphabet = Array("0123456789abcdef".unicodeScalars)
    /// The most bytes that are looked at: what is longer is no comment of ours.
    private static let byteLimit = 512

    /// The comment as it is looked up; it can be stored.
    package let text: String

    /// The folded form of a comment.
    package init(_ text: String) {
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Self.isPassedOver(scalar) {
            folded.append(scalar.isASCII ? Unicode.Scalar(UInt8(ascii: scalar).lowercasedLetter) : scalar)
        }
        self.text = StorableText(String(folded)).text
    }

    /// The folded form of the bytes of a comment; nil when they are no comment of ours whatever is folded.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.byteLimit, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        self.init(text)
    }

    /// White space of every kind, quotes of every language, and what cannot be seen.
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
