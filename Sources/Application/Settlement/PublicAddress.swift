import Synchronization

/// Where customers find the gateway: known once it listens.
package final class PublicAddress: Sendable {
    private let known = Mutex<String?>(nil)

    /// An address that is not known yet.
    package init() {}

    /// The URL without a slash at the end; none before it is known.
    package var url: String? { known.withLock { $0 } }

    /// Says where it is.
    package func become(_ url: String) { known.withLock { $0 = url } }
}
