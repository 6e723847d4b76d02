package import HTTPMessages
import Payments

/// The rule for the addresses of endpoints, because events name customers and amounts.
package struct EndpointRule: Hashable, Sendable {
    /// Whether endpoints may lie on loopback and private networks, and be reached by http: for development only.
    package let allowsPrivateAddresses: Bool

    /// A rule.
    package init(allowsPrivateAddresses: Bool) { self.allowsPrivateAddresses = allowsPrivateAddresses }

    /// Where the transport may connect.
    package var addresses: AddressRule { allowsPrivateAddresses ? .any : .publicOnly }

    /// Whether the transport refuses plain http.
    package var httpsOnly: Bool { !allowsPrivateAddresses }

    /// Whether events may be sent to a URL.
    package func takes(_ url: String) -> Bool {
        WebAddress.isValid(url) && (!httpsOnly || url.hasPrefix("https://"))
    }
}
