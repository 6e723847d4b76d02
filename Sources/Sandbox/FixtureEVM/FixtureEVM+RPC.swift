import BigInt
import Cryptography
import EVM
package import HTTPMessages
import StrictJSON
import Synchronization

/// The node's JSON-RPC: alone or in batches, at `/evm` for the first node and at `/evm/1` and so on for others.
extension FixtureEVM {
    /// The most calls of a batch; go-ethereum's own limit.
    private static let batchLimit = 1_000

    /// Answers a request.
    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let parts = request.url.split(separator: "/")
        guard parts.first == "evm", parts.count <= 2, request.method == "POST" else {
            return HTTPResponse(status: 404, body: Array("a node takes POST /evm".utf8))
        }
        let node = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        if let status = takeFailure(node) { return HTTPResponse(status: status, body: Array("failure".utf8)) }
        let answer: JSONValue
        switch try? JSONValue(parsing: request.body, limits: JSONLimits(maximumBytes: 4 << 20)) {
        case .array(let calls)? where calls.isEmpty || calls.count > Self.batchLimit:
            answer = Self.failure(RPCError(-32_600, "a batch has 1 to \(Self.batchLimit) calls"), id: .null)
        case .array(let calls)?: answer = .array(calls.map { self.answer($0, node) })
        case let call?: answer = self.answer(call, node)
        case nil: answer = Self.failure(RPCError(-32_700, "parse error"), id: .null)
        }
        return HTTPResponse(
            status: 200,
            fields: [HTTPField("Content-Type", "application/json")],
            body: answer.bytes
        )
    }

    private func takeFailure(_ node: Int) -> Int? {
        state.withLock { state in
            if state.faults[node, default: Faults()].failures > 0 {
                state.faults[node]?.failures -= 1
                return 500
            }
            guard state.faults[node, default: Faults()].rateLimits > 0 else { return nil }
            state.faults[node]?.rateLimits -= 1
            return 429
        }
    }

    private func answer(_ value: JSONValue, _ node: Int) -> JSONValue {
        let id = value["id"] ?? .null
        do throws(RPCError) {
            let call = try RPCCall(value)
            let result = try result(of: call, node)
            return ["jsonrpc": "2.0", "id": id, "result": result]
        } catch { return Self.failure(error, id: id) }
    }

    private static func failure(_ error: RPCError, id: JSONValue) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("code", .integer(error.code)), .init("message", .string(error.message)),
        ]
        if let data = error.data { members.append(.init("data", .string(data))) }
        return ["jsonrpc": "2.0", "id": id, "error": .object(members)]
    }

    private func result(of call: RPCCall, _ node: Int) throws(RPCError) -> JSONValue {
        let outcome: Result<JSONValue, RPCError> = state.withLock { state in
            do throws(RPCError) {
                if let changed = try change(call, &state, node) { return .success(changed) }
                return .success(try read(call, NodeView(state, node: node)))
            } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    // MARK: - Reading

    private func read(_ call: RPCCall, _ view: NodeView) throws(RPCError) -> JSONValue {
        switch call.method {
        case "web3_clientVersion": return "settlegate-fixture/1"
        case "net_version": return .string("\(view.faults.chainID ?? chainID)")
        case "net_listening": return .bool(true)
        case "eth_syncing": return .bool(false)
        case "eth_accounts": return []
        case "eth_chainId": return .quantity(view.faults.chainID ?? chainID)
        case "eth_blockNumber": return .quantity(view.head.header.number)
        case "eth_gasPrice": return .quantity((view.head.header.baseFee ?? 0) + Self.tip)
        case "eth_maxPriorityFeePerGas": return .quantity(Self.tip)
        case "eth_feeHistory": return try feeHistory(call, view)
        case "eth_getBlockByNumber":
            return try view.block(call.text(0))?.json(full: call.value(1)?.boolValue ?? false) ?? .null
        case "eth_getBlockByHash":
            return view.block(try call.hash(0))?.json(full: call.value(1)?.boolValue ?? false) ?? .null
        case "eth_getBlockReceipts":
            guard let block = try block(call.value(0), view) else { return .null }
            return .array(block.entries.indices.map { block.receipt($0, view.faults) })
        case "eth_getTransactionReceipt":
            guard let found = view.entry(try call.hash(0)) else { return .null }
            return found.block.receipt(found.index, view.faults)
        case "eth_getTransactionByHash": return try transaction(call.hash(0), view)
        default: return try readState(call, view)
        }
    }

    private func readState(_ call: RPCCall, _ view: NodeView) throws(RPCError) -> JSONValue {
        switch call.method {
        case "eth_getTransactionCount":
            let address = try call.address(0)
            if view.faults.deniesNumbers { return .quantity(UInt64(0)) }
            if call.text(1) == "pending" { return .quantity(view.chain.pendingNonce(of: address)) }
            return .quantity(try world(call.value(1), view).account(address).nonce)
        case "eth_getBalance":
            let address = try call.address(0)
            return .quantity(try world(call.value(1), view).account(address).balance)
        case "eth_getCode":
            let address = try call.address(0)
            return .data(try world(call.value(1), view).code(address))
        case "eth_call": return .data(try simulate(call, view).answer)
        case "eth_estimateGas":
            let outcome = try simulate(call, view)
            return .quantity(outcome.gasUsed)
        default: throw RPCError(-32_601, "the method \(call.method.prefix(60)) does not exist/is not available")
        }
    }

    /// The tip for a block's maker, in wei for each unit of gas.
    static let tip: BigUInt = 1_000_000_000

    private func block(_ value: JSONValue?, _ view: NodeView) throws(RPCError) -> ChainState.Block? {
        let named = value?["blockHash"]?.stringValue ?? value?.stringValue
        if let named, named.utf8.count == 66, let hash = try? EVMHash(named) { return view.block(hash) }
        return try view.block(value?["blockNumber"]?.stringValue ?? value?.stringValue)
    }

    private func world(_ value: JSONValue?, _ view: NodeView) throws(RPCError) -> WorldState {
        guard let block = try block(value, view) else { throw RPCError("header not found") }
        return view.world(after: block)
    }

    private func transaction(_ hash: EVMHash, _ view: NodeView) throws(RPCError) -> JSONValue {
        if let found = view.entry(hash) { return found.block.transaction(found.index) }
        guard let waiting = view.chain.pool.first(where: { $0.hash == hash }) else { return .null }
        let nowhere: [JSONValue.Member] = [
            .init("blockHash", .null), .init("blockNumber", .null), .init("transactionIndex", .null),
            .init("gasPrice", .quantity(waiting.transaction.fee.maximum)),
        ]
        return .object(waiting.transaction.members(hash: hash, sender: waiting.sender) + nowhere)
    }

    private func feeHistory(_ call: RPCCall, _ view: NodeView) throws(RPCError) -> JSONValue {
        let count = min(max(1, try call.count(0, default: 1)), view.blocks.count)
        guard let newest = try view.block(call.text(1)), let end = Int(exactly: newest.header.number) else {
            throw RPCError("block not found")
        }
        let blocks = view.blocks[max(0, end - count + 1)...end]
        let percentiles = call.value(2)?.arrayValue ?? []
        let gwei = JSONValue.quantity(Self.tip)
        return [
            "oldestBlock": .quantity(blocks.first?.header.number ?? 0),
            "baseFeePerGas": .array(
                (blocks.map { $0.header.baseFee ?? 0 } + [view.chain.nextBaseFee]).map(JSONValue.quantity)
            ),
            "gasUsedRatio": .array(
                blocks.map { .number("0.\(Self.digits(4, of: $0.header.gasUsed * 10_000 / $0.header.gasLimit))") }
            ),
            "reward": .array(blocks.map { _ in .array(percentiles.map { _ in gwei }) }),
        ]
    }

    private static func digits(_ count: Int, of value: UInt64) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private func simulate(_ call: RPCCall, _ view: NodeView) throws(RPCError) -> WorldState.Outcome {
        let wish = call.value(0) ?? [:]
        var world = try world(call.value(1), view)
        let sender = wish["from"] == nil ? .zero : try RPCCall.address(wish["from"], 0)
        let to = wish["to"] == nil ? nil : try RPCCall.address(wish["to"], 0)
        let value = try? wish["value"]?.stringValue.map(EVMQuantity.integer)
        let data = try? (wish["data"] ?? wish["input"])?.stringValue.map(EVMQuantity.bytes)
        if call.method == "eth_call", let value { world.give(value, to: sender) }
        let draft = EVMTransaction(
            kind: .dynamicFee,
            chainID: chainID,
            nonce: 0,
            fee: .dynamic(maximum: 0, priority: 0),
            gasLimit: 0,
            to: to,
            value: value ?? 0,
            data: data ?? []
        )
        guard world.account(sender).balance >= draft.value else { throw RPCError("insufficient funds for transfer") }
        var outcome = world.execute(
            from: sender,
            to: to,
            value: draft.value,
            data: draft.data,
            gas: ChainState.gasLimit
        )
        guard outcome.isSuccess else { throw RPCError(3, "execution reverted", data: "0x") }
        outcome.gasUsed += WorldState.intrinsicGas(draft)
        return outcome
    }
}
