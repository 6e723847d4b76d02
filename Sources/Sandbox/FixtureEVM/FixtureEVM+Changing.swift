import BigInt
import EVM
import StrictJSON

/// The calls that change something: sending, filters, and Anvil's methods for test chains.
extension FixtureEVM {
    /// The answer; returns nil when the call is none of these.
    func change(_ call: RPCCall, _ state: inout State, _ node: Int) throws(RPCError) -> JSONValue? {
        switch call.method {
        case "eth_sendRawTransaction": return try send(call, &state, node)
        case "eth_getLogs":
            let view = NodeView(state, node: node)
            let query = try query(call.value(0), view)
            guard view.faults.emptyLogs == 0 else {
                state.faults[node]?.emptyLogs -= 1
                return []
            }
            return .array(logs(query, view))
        case "eth_newFilter":
            return try newFilter(.logs(query(call.value(0), NodeView(state, node: node))), &state)
        case "eth_newBlockFilter": return try newFilter(.blocks, &state)
        case "eth_newPendingTransactionFilter": return try newFilter(.pending, &state)
        case "eth_getFilterChanges": return try changes(call, &state, node)
        case "eth_getFilterLogs": return try filterLogs(call, NodeView(state, node: node), state.filters)
        case "eth_uninstallFilter":
            guard let id = UInt64(exactly: try call.integer(0)) else { return .bool(false) }
            return .bool(state.filters.filters.removeValue(forKey: id) != nil)
        default: return try command(call, &state)
        }
    }

    private func send(_ call: RPCCall, _ state: inout State, _ node: Int) throws(RPCError) -> JSONValue {
        if let refusal = state.faults[node]?.refusal { throw RPCError(refusal) }
        let hash = try admit(call.bytes(0), into: &state)
        if state.faults[node, default: Faults()].lostReplies > 0 {
            state.faults[node]?.lostReplies -= 1
            throw RPCError("request timed out")
        }
        return .string(hash.description)
    }

    // MARK: - Methods for test chains

    private func command(_ call: RPCCall, _ state: inout State) throws(RPCError) -> JSONValue? {
        switch call.method {
        case "evm_mine", "anvil_mine", "hardhat_mine":
            for _ in 0..<(try call.count(0, default: 1)) { state.chain.mine(at: time(state)) }
            return call.method == "evm_mine" ? "0x0" : .null
        case "evm_setAutomine", "anvil_setAutomine":
            state.mining = call.value(0)?.boolValue == true ? .automatic : .manual
            return .bool(true)
        case "evm_setIntervalMining":
            state.interval = .milliseconds(try call.count(0, default: 0))
            return .bool(true)
        case "anvil_setIntervalMining":
            state.interval = .seconds(try call.count(0, default: 0))
            return .null
        case "evm_increaseTime", "anvil_increaseTime":
            state.ahead += UInt64(try call.count(0, default: 0))
            return .integer(Int64(clamping: state.ahead))
        case "evm_snapshot", "anvil_snapshot":
            state.snapshots.append(state.chain)
            return .quantity(UInt64(state.snapshots.count))
        case "evm_revert", "anvil_revert": return .bool(try revert(call, &state))
        case "anvil_setBalance", "hardhat_setBalance":
            try setBalance(call, &state)
            return .bool(true)
        case "anvil_dropTransaction", "hardhat_dropTransaction":
            let hash = try call.hash(0)
            state.chain.pool.removeAll { $0.hash == hash }
            return .string(hash.description)
        case "anvil_dropAllTransactions":
            state.chain.pool = []
            return .null
        case "anvil_reorg":
            let depth = min(try call.count(0, default: 1), state.chain.blocks.count - 1)
            state.chain.rewind(depth, dropping: true)
            for _ in 0..<depth { state.chain.mine(at: time(state)) }
            return .null
        default: return nil
        }
    }

    /// Goes back to a snapshot, which is deleted with those after it.
    private func revert(_ call: RPCCall, _ state: inout State) throws(RPCError) -> Bool {
        let id = try call.count(0, default: 0)
        guard (1...max(1, state.snapshots.count)).contains(id), id <= state.snapshots.count else { return false }
        state.chain = state.snapshots[id - 1]
        state.snapshots.removeLast(state.snapshots.count - id + 1)
        return true
    }

    private func setBalance(_ call: RPCCall, _ state: inout State) throws(RPCError) {
        let (address, wei) = (try call.address(0), try call.integer(1))
        state.chain.world.accounts[address, default: .init()].balance = wei
        for index in state.chain.blocks.indices {
            state.chain.blocks[index].world.accounts[address, default: .init()].balance = wei
        }
    }
}
