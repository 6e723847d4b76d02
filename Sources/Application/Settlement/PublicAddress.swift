import Synchronization

/// Where customers find the gateway: known once it listens.
public final class PublicAddress: Sendable {
    private let known = Mutex<String?>(nil)

    /// An address that is not known yet.
    public init() {}

    /// The URL without a slash at the end; none before it is known.
    public var url: String? { known.withLock { $0 } }

    /// Says where it is.
    public func become(_ url: String) { known.withLock { $0 = url } }
}
