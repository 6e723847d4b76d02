import Glibc

/// Addresses of the internet as texts.
package enum IPAddress {
    /// The bytes of an address in network order, 4 or 16 of them; nil when the text is not an address.
    package static func bytes(of text: String) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        return unsafe inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
