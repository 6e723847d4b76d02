import HTTPTransport

/// Who sends a request that carries no key, as far as its address tells.
///
/// One person has a whole network of IPv6 addresses, so that the first half of such an address counts. A request that
/// comes from a proxy of our own, which stands at a private address, counts as its last forwarded-for entry says: that
/// one is the proxy's own.
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

    /// The sender of a request; nil when nothing tells visitors apart.
    init?(_ request: HTTPRequest) {
        guard let peer = request.peer.flatMap({ IPAddress.bytes(of: $0) }) else { return nil }
        guard !AddressRule.isPublic(peer) else {
            text = Self.network(peer)
            return
        }
        let forwarded = request.fields.last { $0.isCalled("x-forwarded-for") }?.value.utf8.suffix(64)
        guard let last = forwarded?.split(separator: UInt8(ascii: ",")).last else { return nil }
        let address = String(decoding: last.filter { $0 != UInt8(ascii: " ") }, as: UTF8.self)
        guard let bytes = IPAddress.bytes(of: address) else { return nil }
        text = Self.network(bytes)
    }

    private static func network(_ address: [UInt8]) -> String { "visitor \(address.prefix(8))" }
}
