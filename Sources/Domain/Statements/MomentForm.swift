package import Seams

/// How a source writes moments.
package struct MomentForm: Hashable, Sendable, Codable {
    /// The form: one of ``known``.
    package let form: String
    /// The source's distance from UTC, for example `+03:00`; not used by `rfc3339`, which tells it itself.
    package let offset: String

    /// The forms that can be read; a form without a time means the beginning of the day.
    package static let known = [
        "rfc3339", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd", "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy", "yyyyMMdd", "MM/dd/yyyy",
    ]

    /// A form.
    package init(form: String, offset: String = "+00:00") {
        self.form = form
        self.offset = offset
    }

    /// Whether form and offset can be used.
    package var isKnown: Bool {
        Self.known.contains(form) && Timestamp(rfc3339: "2026-01-01T00:00:00\(offset)") != nil
    }

    /// The moment that a text means; nil when it is not of the form, or no moment.
    package func moment(_ text: String) -> Timestamp? {
        guard form != "rfc3339" else { return Timestamp(rfc3339: text) }
        let (shape, bytes) = (Array(form.utf8), Array(text.utf8))
        guard shape.count == bytes.count else { return nil }
        var parts: [UInt8: String] = [:]
        for (letter, byte) in zip(shape, bytes) {
            guard (letter | 0x20) >= UInt8(ascii: "a"), (letter | 0x20) <= UInt8(ascii: "z") else {
                guard letter == byte else { return nil }
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            parts[letter, default: ""].append(Character(UnicodeScalar(byte)))
        }
        func part(_ letter: Character) -> String { letter.asciiValue.flatMap { parts[$0] } ?? "00" }
        let time = "\(part("H")):\(part("m")):\(part("s"))"
        return Timestamp(rfc3339: "\(part("y"))-\(part("M"))-\(part("d"))T\(time)\(offset)")
    }
}
