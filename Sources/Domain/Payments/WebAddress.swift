/// An absolute web address: scheme, host, and optionally port, path, query and fragment (RFC 3986), without user and
/// password.
package enum WebAddress {
    /// The most bytes.
    package static let maximumBytes = 2_048

    /// The same as a regular expression, for the interface's document.
    package static let pattern =
        #"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"#
        + #"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"#
        + #"([/?]([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?(#([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$"#

    /// Whether a text is a web address.
    package static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= maximumBytes else { return false }
        let rest: Substring
        if text.hasPrefix("https://") {
            rest = text.dropFirst("https://".count)
        } else if text.hasPrefix("http://") {
            rest = text.dropFirst("http://".count)
        } else {
            return false
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2, isHost(host) else { return false }
        guard parts.count == 1 || isPort(parts[1]) else { return false }
        let tail = rest.dropFirst(authority.count)
        return tail.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).allSatisfy(
            isMadeOfURICharacters
        )
    }

    /// Whether a text is a port, without zeros before it.
    private static func isPort(_ text: Substring) -> Bool {
        text.allSatisfy(\.isASCIIDigit) && UInt16(text).map { $0 > 0 && "\($0)" == text } ?? false
    }

    /// Whether a text has only characters of a path, query or fragment (RFC 3986, `pchar`, `/` and `?`).
    private static func isMadeOfURICharacters(_ text: Substring) -> Bool {
        var bytes = text.utf8.makeIterator()
        func isHexDigit(_ byte: UInt8?) -> Bool { byte.map { Character(UnicodeScalar($0)).isHexDigit } ?? false }
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "%") {
                guard isHexDigit(bytes.next()), isHexDigit(bytes.next()) else { return false }
                continue
            }
            let character = Character(UnicodeScalar(byte))
            guard character.isASCIILetterOrDigit || "._~!$&'()*+,;=:@/?-".contains(character) else { return false }
        }
        return true
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard let first = text.first, let last = text.last else { return false }
        return first.isASCIILetterOrDigit && last.isASCIILetterOrDigit
            && text.allSatisfy { $0.isASCIILetterOrDigit || $0 == "." || $0 == "-" }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var isASCIILetterOrDigit: Bool {
        isASCIIDigit || ("a"..."z").contains(self) || ("A"..."Z").contains(self)
    }
}
