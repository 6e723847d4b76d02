import Glibc

/// How the descriptors that the system gives a process are shared out, so that they never run out.
///
/// A process that has none left does not go on with errors: the thread pool beneath the language reads files under
/// `/proc` to see how busy it is, and ends the process when it cannot open one. So strangers, who can open connections,
/// and merchants, who name servers to call, have shares, and the rest is the process's own.
package struct DescriptorBudget: Hashable, Sendable {
    /// Why a process cannot work.
    package struct TooFew: Error, Hashable, CustomStringConvertible {
        /// How many it may open.
        package let limit: Int
        /// How many it needs.
        package let needed: Int

        /// A sentence for the operator.
        package var description: String {
            """
            this process may open \(limit) files and sockets, and needs \(needed); \
            raise the hard limit (ulimit -Hn, or LimitNOFILE= of its systemd unit)
            """
        }
    }

    /// The most of them that a connection to another server has at a time: a lookup of its name has four.
    private static let perOutgoing = 4
    /// The transports that call other servers: rails, webhooks, questions to merchants, bridges.
    private static let transports = 4
    /// Fewer connections of a transport than these serve nobody.
    private static let leastOutgoing = 16

    /// How many the process may open.
    package let limit: Int
    /// What databases, files, event loops and the language's own runtime have.
    private let own: Int

    /// The shares of a limit, on a machine with so many cores.
    package init(limit: Int, cores: Int) {
        self.limit = limit
        // Each event loop has three, and there may be two groups of them.
        own = 128 + 8 * max(1, cores)
    }

    /// What this process has now.
    package static var current: Self {
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return Self(
            limit: isKnown ? Int(clamping: limit.rlim_cur) : 1_024,
            cores: sysconf(Int32(_SC_NPROCESSORS_ONLN))
        )
    }

    /// More than this is of no use, and programs that close every descriptor before they start would take minutes for it.
    private static let most: rlim_t = 1 << 20

    /// Raises what the process may open to what it may raise it to.
    ///
    /// The lower limit is there for programs that wait with `select`, and none of ours does.
    package static func raise() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, most))
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private var shared: Int { max(0, limit - own) }

    /// The most connections of others to us.
    package var incoming: Int { max(1, shared / 2) }

    /// The most connections of one transport to other servers.
    package var outgoingPerTransport: Int { max(1, (shared - shared / 2) / (Self.perOutgoing * Self.transports)) }

    /// How many a process needs to work.
    package var needed: Int { own + 2 * Self.leastOutgoing * Self.perOutgoing * Self.transports }

    /// Refuses to begin with fewer than are needed.
    ///
    /// - Throws: ``TooFew``.
    package func demand() throws(TooFew) {
        guard limit >= needed else { throw TooFew(limit: limit, needed: needed) }
    }
}
