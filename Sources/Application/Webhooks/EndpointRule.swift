public import HTTPMessages
import Payments

/// Where events may be sent: they name customers and amounts.
public struct EndpointRule: Hashable, Sendable {
    /// Whether endpoints may lie on loopback and private networks, and be reached by http: for development only.
    public let allowsPrivateAddresses: Bool

    /// A rule.
    public init(allowsPrivateAddresses: Bool) { self.allowsPrivateAddresses = allowsPrivateAddresses }

    /// Where the transport may connect.
    public var addresses: AddressRule { allowsPrivateAddresses ? .any : .publicOnly }

    /// Whether the transport refuses plain http.
    public var httpsOnly: Bool { !allowsPrivateAddresses }

    /// Whether events travel to an address of this form.
    public func takes(_ url: String) -> Bool {
        WebAddress.isValid(url) && (!httpsOnly || url.hasPrefix("https://"))
    }
}
