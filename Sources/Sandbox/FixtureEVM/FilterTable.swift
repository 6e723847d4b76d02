import EVM

/// The filters that `eth_newFilter` and its kin have made.
struct FilterTable: Sendable {
    enum Kind: Sendable {
        case logs(LogQuery)
        case blocks
        case pending
    }

    struct Filter: Sendable {
        let kind: Kind
        /// The last block that was reported.
        var block: UInt64
        /// How many pending hashes were reported.
        var pending: Int
    }

    var filters: [UInt64: Filter] = [:]
    private(set) var pendingHashes: [EVMHash] = []
    private var last: UInt64 = 0

    /// The most filters; real nodes have limits of their own.
    static let limit = 1_000

    mutating func notePending(_ hash: EVMHash) {
        if filters.values.contains(where: { if case .pending = $0.kind { true } else { false } }) {
            pendingHashes.append(hash)
        }
    }

    mutating func add(_ kind: Kind, at block: UInt64) throws(RPCError) -> UInt64 {
        guard filters.count < Self.limit else { throw RPCError("too many filters") }
        last += 1
        filters[last] = Filter(kind: kind, block: block, pending: pendingHashes.count)
        return last
    }
}

/// The conditions of an `eth_getLogs` call.
struct LogQuery: Sendable {
    enum Range: Sendable {
        case block(EVMHash)
        case numbers(UInt64, UInt64)
    }

    var range: Range
    /// The contracts; empty for all.
    var addresses: Set<EVMAddress>
    /// The accepted topics for each place; empty for all.
    var topics: [Set<EVMHash>]

    func matches(_ log: EVMLog) -> Bool {
        guard addresses.isEmpty || addresses.contains(log.address), topics.count <= log.topics.count else {
            return false
        }
        return zip(topics, log.topics).allSatisfy { $0.isEmpty || $0.contains($1) }
    }
}
