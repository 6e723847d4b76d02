import HTTPMessages

/// The sender of a request that carries no key, told apart by address.
///
/// An IPv6 address counts by its first half, because one person has a whole network of them. A request from a proxy of
/// our own, which is at a private address, counts by the last forwarded-for entry, which that proxy wrote. An entry
/// that cannot be read counts as the proxy itself.
struct Visitor: Hashable, Sendable {
    /// The most invoices that a visitor opens by payment links in a minute; ten seconds' worth may come at once.
    static let invoicesPerMinute = 60
    /// The most invoices of one link that a network has open at once: behind one address of a mobile network there are
    /// many customers, who cannot be told apart until they pay.
    static let openInvoices = 60
    /// The same limit for invoices of customers whom init data names.
    static let namedInvoices = 600

    /// The name under which the visitor is counted.
    let text: String

    /// The sender of a request; returns nil when the address does not tell visitors apart.
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

    /// The address in an entry; some proxies add a port (RFC 7239, section 6).
    private static func address(_ entry: [UInt8]) -> [UInt8]? {
        let text = String(decoding: entry, as: UTF8.self)
        if let address = IPAddress.bytes(of: text) { return address }
        let isBracketed = text.hasPrefix("[")
        guard let end = isBracketed ? text.firstIndex(of: "]") : text.lastIndex(of: ":") else { return nil }
        return IPAddress.bytes(of: String(text[..<end].drop { $0 == "[" }))
    }

    /// The network of an address; an IPv4 address is the same one inside IPv6 (RFC 4291, section 2.5.5.2).
    private static func network(_ address: [UInt8]) -> String {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let isMapped = address.count == 16 && address.starts(with: mapped)
        return "visitor \(isMapped ? address.suffix(4) : address.prefix(8))"
    }
}
