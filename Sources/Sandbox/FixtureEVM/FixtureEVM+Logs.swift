import EVM
import StrictJSON

/// Logs and filters.
extension FixtureEVM {
    /// The most blocks that one query may cover, as hosted nodes limit it.
    static let logRange: UInt64 = 2_000

    func query(_ wish: JSONValue?, _ view: NodeView) throws(RPCError) -> LogQuery {
        let wish = wish ?? [:]
        var addresses: Set<EVMAddress> = []
        for value in wish["address"]?.arrayValue ?? (wish["address"].map { $0.isNull ? [] : [$0] } ?? []) {
            addresses.insert(try RPCCall.address(value, 0))
        }
        var topics: [Set<EVMHash>] = []
        for value in wish["topics"]?.arrayValue ?? [] {
            var wanted: Set<EVMHash> = []
            for topic in value.arrayValue ?? (value.isNull ? [] : [value]) {
                guard let hash = try? EVMHash(topic.stringValue ?? "") else { throw RPCCall.missing(0, "a topic") }
                wanted.insert(hash)
            }
            topics.append(wanted)
        }
        if let text = wish["blockHash"]?.stringValue {
            guard let hash = try? EVMHash(text) else { throw RPCCall.missing(0, "a block's hash") }
            guard view.block(hash) != nil else { throw RPCError("unknown block") }
            return LogQuery(range: .block(hash), addresses: addresses, topics: topics)
        }
        let from = try number(wish["fromBlock"]?.stringValue, view)
        let to = try number(wish["toBlock"]?.stringValue, view)
        guard from <= to else { throw RPCError("invalid block range params") }
        guard to - from < Self.logRange else {
            throw RPCError(-32_005, "query exceeds max block range \(Self.logRange)")
        }
        return LogQuery(range: .numbers(from, to), addresses: addresses, topics: topics)
    }

    /// A block number; one beyond the head is not refused: a node that lags returns no logs for it.
    private func number(_ text: String?, _ view: NodeView) throws(RPCError) -> UInt64 {
        if let text, let number = try? EVMQuantity.uint64(text) { return number }
        return try view.block(text)?.header.number ?? view.head.header.number
    }

    func logs(_ query: LogQuery, _ view: NodeView) -> [JSONValue] {
        let blocks: [ChainState.Block] =
            switch query.range {
            case .block(let hash): view.block(hash).map { [$0] } ?? []
            case .numbers(let from, let to):
                view.blocks.filter { $0.header.number >= from && $0.header.number <= to }
            }
        return blocks.flatMap { block in
            block.entries.indices.flatMap { index in
                zip(block.entries[index].receipt.logs, block.logs(of: index, view.faults))
                    .filter { query.matches($0.0) }.map(\.1)
            }
        }
    }

    // MARK: - Filters

    func newFilter(_ kind: FilterTable.Kind, _ state: inout State) throws(RPCError) -> JSONValue {
        .quantity(try state.filters.add(kind, at: state.chain.head.header.number))
    }

    /// The changes of a filter since the last call.
    func changes(_ call: RPCCall, _ state: inout State, _ node: Int) throws(RPCError) -> JSONValue {
        guard let id = UInt64(exactly: try call.integer(0)), let filter = state.filters.filters[id] else {
            throw RPCError("filter not found")
        }
        let view = NodeView(state, node: node)
        let head = view.head.header.number
        state.filters.filters[id]?.block = head
        switch filter.kind {
        case .blocks:
            return .array(view.blocks.filter { $0.header.number > filter.block }.map { .string($0.hash.description) })
        case .pending:
            state.filters.filters[id]?.pending = state.filters.pendingHashes.count
            return .array(state.filters.pendingHashes.dropFirst(filter.pending).map { .string($0.description) })
        case .logs(var query):
            guard head > filter.block else { return [] }
            query.range = .numbers(filter.block + 1, head)
            return .array(logs(query, view))
        }
    }

    func filterLogs(_ call: RPCCall, _ view: NodeView, _ filters: FilterTable) throws(RPCError) -> JSONValue {
        guard let id = UInt64(exactly: try call.integer(0)), let filter = filters.filters[id],
            case .logs(let query) = filter.kind
        else { throw RPCError("filter not found") }
        return .array(logs(query, view))
    }
}
