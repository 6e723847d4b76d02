/// An absolute address of the web, as merchants name one: scheme, host, and perhaps port, path, query and fragment (RFC 3986),
/// without user and password.
public enum WebAddress {
    /// The most bytes.
    public static let maximumBytes = 2_048

    /// The same as a regular expression, for the interface's document.
    public static let pattern = #"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#][!-~]*)?$"#

    /// Whether a text is one.
    public static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= maximumBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
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
        return parts.count == 1 || ((1...5).contains(parts[1].count) && parts[1].allSatisfy(\.isASCIIDigit))
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
