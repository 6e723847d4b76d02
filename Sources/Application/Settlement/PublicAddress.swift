import Synchronization

/// The gateway's public URL, known once it listens.
package final class PublicAddress: Sendable {
    private let known = Mutex<String?>(nil)

    /// A URL that is not known yet.
    package init() {}

    /// The URL without a slash at the end; nil before it is known.
    package var url: String? { known.withLock { $0 } }

    /// Sets the URL.
    package func become(_ url: String) { known.withLock { $0 = url } }
}
