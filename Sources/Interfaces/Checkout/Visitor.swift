import HTTPMessages

/// Who sends a request that carries no key, as far as its address tells.
///
/// One person has a whole network of IPv6 addresses, so that the first half of such an address counts. A request that
/// comes from a proxy of our own, which stands at a private address, counts as its last forwarded-for entry says: that
/// one is the proxy's own. What such an entry says and nobody can read counts as the proxy itself.
struct Visitor: Hashable, Sendable {
    /// How many invoices one visitor opens by payment links in a minute, ten seconds' worth of them at once.
    static let invoicesPerMinute = 60
    /// How many invoices of one link a network has open at once: behind one address of a mobile network there are many
    /// customers, who cannot be told apart until they pay.
    static let openInvoices = 60
    /// How many of them belong to customers whom a bot names.
    static let namedInvoices = 600

    /// What the visitor is counted under.
    let text: String

    /// The sender of a request; returns nil when nothing tells visitors apart.
    init?(_ request: HTTPRequest) {
        guard let peer = request.peer.flatMap({ IPAddress.bytes(of: $0) }) else { return nil }
        guard !AddressRule.isPublic(peer) else {
            text = Self.network(peer)
            return
        }
        let forwarded = request.fields.last { $0.isCalled("x-forwarded-for") }?.value.utf8.suffix(64)
        guard let last = forwarded?.split(separator: UInt8(ascii: ",")).last else { return nil }
        text = Self.network(Self.address(last.filter { $0 != UInt8(ascii: " ") }) ?? peer)
    }

    /// The address of an entry, which some proxies write with a port (RFC 7239, section 6).
    private static func address(_ entry: [UInt8]) -> [UInt8]? {
        let text = String(decoding: entry, as: UTF8.self)
        if let address = IPAddress.bytes(of: text) { return address }
        let isBracketed = text.hasPrefix("[")
        guard let end = isBracketed ? text.firstIndex(of: "]") : text.lastIndex(of: ":") else { return nil }
        return IPAddress.bytes(of: String(text[..<end].drop { $0 == "[" }))
    }

    /// An IPv4 address is the same one inside IPv6 (RFC 4291, section 2.5.5.2).
    private static func network(_ address: [UInt8]) -> String {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let isMapped = address.count == 16 && address.starts(with: mapped)
        return "visitor \(isMapped ? address.suffix(4) : address.prefix(8))"
    }
}
