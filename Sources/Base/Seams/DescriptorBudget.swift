import Glibc

/// Divides the process's file descriptors into shares, so that they never run out.
///
/// A process without free descriptors does not just get errors. Swift's thread pool reads files under `/proc` to
/// measure its load, and ends the process when it cannot open one. So connections from strangers and calls to
/// merchants' servers have limited shares, and the rest is for the process itself.
package struct DescriptorBudget: Hashable, Sendable {
    /// Why a process cannot work.
    package struct TooFew: Error, Hashable, CustomStringConvertible {
        /// The number of descriptors that it may open.
        package let limit: Int
        /// The number that it needs.
        package let needed: Int

        /// A sentence for the operator.
        package var description: String {
            """
            this process may open \(limit) files and sockets, and needs \(needed); \
            raise the hard limit (ulimit -Hn, or LimitNOFILE= of its systemd unit)
            """
        }
    }

    /// The most descriptors of one connection to another server at a time: the lookup of its name uses four.
    private static let perOutgoing = 4
    /// The transports that call other servers: rails, webhooks, questions to merchants, bridges.
    private static let transports = 4
    /// The fewest connections with which a transport is useful.
    private static let leastOutgoing = 16

    /// The number of descriptors that the process may open.
    package let limit: Int
    /// The descriptors of databases, files, event loops and Swift's runtime.
    private let own: Int

    /// The shares of a limit, on a machine with this many cores.
    package init(limit: Int, cores: Int) {
        self.limit = limit
        // Each event loop has three descriptors, and there may be two groups of loops.
        own = 128 + 8 * max(1, cores)
    }

    /// The shares of this process at its current limit.
    package static var current: Self {
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return Self(
            limit: isKnown ? Int(clamping: limit.rlim_cur) : 1_024,
            cores: sysconf(Int32(_SC_NPROCESSORS_ONLN))
        )
    }

    /// A higher limit is useless, and programs that close every descriptor when they start would need minutes for it.
    private static let most: rlim_t = 1 << 20

    /// Raises the process's soft limit to its hard limit, at most ``most``.
    ///
    /// The soft limit is lower for programs that wait with `select`, which ours do not.
    package static func raise() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, most))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private var shared: Int { max(0, limit - own) }

    /// The most incoming connections.
    package var incoming: Int { max(1, shared / 2) }

    /// The most connections of one transport to other servers.
    package var outgoingPerTransport: Int { max(1, (shared - shared / 2) / (Self.perOutgoing * Self.transports)) }

    /// The number of descriptors that a process needs.
    package var needed: Int { own + 2 * Self.leastOutgoing * Self.perOutgoing * Self.transports }

    /// Refuses to start with fewer descriptors than are needed.
    ///
    /// - Throws: ``TooFew``.
    package func demand() throws(TooFew) {
        guard limit >= needed else { throw TooFew(limit: limit, needed: needed) }
    }
}
