import BigInt
import EVM
import Providers
import Seams
import StrictJSON

/// Questions about the chain.
extension EVMClient {
    /// The last blocks of the chain.
    struct Tip: Hashable, Sendable {
        /// The last block.
        let head: UInt64
        /// The last block that counts as final.
        let final: UInt64
    }

    /// The chain's last blocks; each node that is asked names its chain anew.
    func tip(_ rule: EVMProvider.FinalityRule) async throws(ProviderError) -> Tip {
        doubtChains()
        let head = try await reached([Call("eth_blockNumber")]) { answers throws(ProviderError) in
            try Self.uint64(answers[0])
        }
        guard let tag = rule.tag else { return Tip(head: head, final: head - min(head, rule.blocks - 1)) }
        let final = try await reached([Call("eth_getBlockByNumber", .string(tag), .bool(false))]) {
            answers throws(ProviderError) in
            // Before the first epoch there is no such block.
            answers[0].isNull ? 0 : try NodeFields(answers[0], "block").uint64("number")
        }
        return Tip(head: head, final: min(head, final))
    }

    /// The time of the newest block that the quorum has reached.
    func latestMoment() async throws(ProviderError) -> Timestamp {
        let seconds = try await reached([Call("eth_getBlockByNumber", "latest", .bool(false))]) {
            answers throws(ProviderError) in
            try NodeFields(answers[0], "block").uint64("timestamp")
        }
        return Timestamp(seconds: Int64(clamping: seconds))
    }

    /// The hash of the block at a height, on which the quorum agrees.
    func hash(at number: UInt64) async throws(ProviderError) -> EVMHash {
        try await agreed([Self.header(number)]) { answers throws(ProviderError) in
            guard !answers[0].isNull else { throw ProviderError(.lagging, "a node does not have block \(number) yet") }
            return try NodeFields(answers[0], "block").hash("hash")
        }
    }

    /// The hashes of the blocks at several heights, on which the quorum agrees; nil where the chain is shorter.
    func hashes(at numbers: [UInt64]) async throws(ProviderError) -> [EVMHash?] {
        try await agreed(numbers.map(Self.header)) { answers throws(ProviderError) in
            var hashes: [EVMHash?] = []
            for answer in answers {
                hashes.append(answer.isNull ? nil : try NodeFields(answer, "block").hash("hash"))
            }
            return hashes
        }
    }

    private static func header(_ number: UInt64) -> Call {
        Call("eth_getBlockByNumber", .string(EVMQuantity.text(number)), .bool(false))
    }

    /// The blocks of a range, each the parent of the next, the last one with a known hash.
    ///
    /// - Parameters:
    ///   - range: the heights.
    ///   - last: the hash of the last one, on which the quorum has agreed.
    ///   - checking: whether the chain transactions have to match the root in the block's header, so that one node is
    ///     enough. On a chain with types of its own, the quorum has to agree on them instead.
    /// - Throws: `ProviderError` when no node gives such blocks.
    /// - Returns: the blocks.
    func blocks(
        _ range: ClosedRange<UInt64>,
        endingWith last: EVMHash,
        checking: Bool
    ) async throws(ProviderError) -> [ChainBlock] {
        let calls = range.map { Call("eth_getBlockByNumber", .string(EVMQuantity.text($0)), .bool(true)) }
        let reading: ([JSONValue]) throws(ProviderError) -> [ChainBlock] = { answers throws(ProviderError) in
            var blocks: [ChainBlock] = []
            for (number, answer) in zip(range, answers) {
                guard !answer.isNull else { throw ProviderError(.lagging, "a node left out block \(number)") }
                let block = try ChainBlock(answer)
                guard block.number == number, blocks.last.map({ $0.hash == block.header.parent }) ?? true else {
                    throw ProviderError(.gap, "the blocks of a node do not follow each other")
                }
                guard !checking || block.hasItsContent else {
                    throw ProviderError(
                        .malformed,
                        "a node's chain transactions or withdrawals do not match the roots in the block's header"
                    )
                }
                blocks.append(block)
            }
            guard blocks.last?.hash == last else { throw ProviderError(.gap, "a node is on another branch") }
            return blocks
        }
        return checking ? try await ask(calls, reading: reading) : try await agreed(calls, reading: reading)
    }

    /// The senders and receivers of tokens in a block, from the logs on which the quorum agrees.
    ///
    /// The logs are asked for by the hash of the block, so that a node that lags or is on another branch cannot answer
    /// with an empty list.
    func tokenParties(in block: EVMHash, tokens: [EVMAddress]) async throws(ProviderError) -> [EVMAddress] {
        let query: JSONValue = [
            "blockHash": .string(block.description), "address": .array(tokens.map { .string($0.lowercased) }),
            "topics": [.string(ERC20Transfer.topic.description)],
        ]
        return try await agreed([Call("eth_getLogs", query)]) { answers throws(ProviderError) in
            guard let list = answers[0].arrayValue else {
                throw ProviderError(.malformed, "a node gives no list of logs")
            }
            var parties: [EVMAddress] = []
            for entry in list {
                let log = NodeFields(entry, "log")
                let topics = try log.list("topics")
                guard topics.count == 3 else { continue }
                for topic in topics.dropFirst() {
                    let bytes = try log.hash(of: topic, "topics").bytes
                    if let address = try? EVMAddress(bytes: Array(bytes.suffix(20))) { parties.append(address) }
                }
            }
            return parties
        }
    }

    /// The receipts of a block, in its order.
    ///
    /// - Parameters:
    ///   - block: the block.
    ///   - checking: whether they have to match the root in the block's header, so that one node is enough; otherwise
    ///     the quorum has to agree on them.
    /// - Throws: `ProviderError` with the code `malformed` when they are not those of the block.
    /// - Returns: the receipts.
    func receipts(of block: ChainBlock, checking: Bool) async throws(ProviderError) -> [ChainReceipt] {
        let calls = [Call("eth_getBlockReceipts", .string(block.hash.description))]
        let reading: ([JSONValue]) throws(ProviderError) -> [ChainReceipt] = { answers throws(ProviderError) in
            guard let list = answers[0].arrayValue, list.count == block.transactions.count else {
                throw ProviderError(.malformed, "a node gives no receipt for each chain transaction of a block")
            }
            var receipts: [ChainReceipt] = []
            for (entry, transaction) in zip(list, block.transactions) {
                let receipt = try ChainReceipt(entry)
                guard receipt.transaction == transaction.hash, receipt.blockHash == block.hash else {
                    throw ProviderError(.malformed, "a node gives receipts of another block")
                }
                receipts.append(receipt)
            }
            guard !checking || block.covers(receipts) else {
                throw ProviderError(.malformed, "a node's receipts do not match the receipts root of the block")
            }
            return receipts
        }
        return checking ? try await ask(calls, reading: reading) : try await agreed(calls, reading: reading)
    }

    /// The numbers of the blocks that contain one of some chain transactions, according to any node; they are only
    /// hints.
    func places(of hashes: Set<EVMHash>) async throws(ProviderError) -> [UInt64] {
        let calls = hashes.map { Call("eth_getTransactionReceipt", .string($0.description)) }
        let answers = try await askAll(calls) { answers throws(ProviderError) in
            var numbers: [UInt64] = []
            for answer in answers where !answer.isNull {
                if let number = try? NodeFields(answer, "receipt").uint64("blockNumber") { numbers.append(number) }
            }
            return numbers
        }
        return Set(answers.joined()).sorted()
    }

    /// Those of some chain transactions that are in a block, according to any node; they are only hints.
    func inBlocks(_ hashes: Set<EVMHash>) async throws(ProviderError) -> Set<EVMHash> {
        guard !hashes.isEmpty else { return [] }
        let asked = Array(hashes)
        let calls = asked.map { Call("eth_getTransactionReceipt", .string($0.description)) }
        let answers = try await askAll(calls) { answers throws(ProviderError) in
            zip(asked, answers).filter { !$0.1.isNull }.map(\.0)
        }
        return Set(answers.joined())
    }

    // MARK: - State

    /// The account and the asset of a balance.
    struct Holding: Hashable, Sendable {
        let owner: EVMAddress
        /// The token; nil for the chain's own coin.
        let token: EVMAddress?
    }

    /// The balances after a block, on which the quorum agrees; nil where a token's contract does not state them.
    func balances(_ holdings: [Holding], after block: EVMHash) async throws(ProviderError) -> [BigUInt?] {
        try await balances(holdings.map { ($0, block) })
    }

    /// The balances before a block and after it, on which the quorum agrees; without those that a token's contract does
    /// not state.
    func changes(
        of holdings: [Holding],
        in block: EVMHash,
        after parent: EVMHash
    ) async throws(ProviderError) -> [Holding: BalanceChange] {
        let balances = try await balances(holdings.flatMap { [($0, parent), ($0, block)] })
        var changes: [Holding: BalanceChange] = [:]
        for (index, holding) in holdings.enumerated() {
            guard let before = balances[2 * index], let after = balances[2 * index + 1] else { continue }
            changes[holding] = BalanceChange(before: before, after: after)
        }
        return changes
    }

    private func balances(_ places: [(Holding, EVMHash)]) async throws(ProviderError) -> [BigUInt?] {
        guard !places.isEmpty else { return [] }
        let calls = places.map { holding, block in
            let place: JSONValue = ["blockHash": .string(block.description)]
            guard let token = holding.token else {
                return Call("eth_getBalance", .string(holding.owner.lowercased), place)
            }
            let question = EVMQuantity.data(ERC20.balance(of: holding.owner))
            var call = Call("eth_call", ["to": .string(token.lowercased), "data": .string(question)], place)
            call.mayFail = true
            return call
        }
        return try await agreed(calls) { answers throws(ProviderError) in
            var balances: [BigUInt?] = []
            for ((holding, _), answer) in zip(places, answers) {
                do throws(EVMError) {
                    let text = answer.stringValue ?? ""
                    guard holding.token != nil else {
                        balances.append(try EVMQuantity.integer(text))
                        continue
                    }
                    // The content of the answer is the contract's, and may be anything; the node only has to return
                    // bytes.
                    let bytes = answer.isNull ? [] : try EVMQuantity.bytes(text)
                    balances.append(try? ERC20.amount(bytes))
                } catch { throw ProviderError(.malformed, error.reason) }
            }
            return balances
        }
    }

    /// How many chain transactions an account has sent up to a block.
    func nonce(of address: EVMAddress, after block: EVMHash) async throws(ProviderError) -> UInt64 {
        try await nonces(of: [address], after: block)[0]
    }

    /// How many chain transactions each of some accounts has sent up to a block.
    func nonces(
        of addresses: [EVMAddress],
        after block: EVMHash
    ) async throws(ProviderError)
        -> [UInt64]
    {
        try await nonces(of: addresses, at: ["blockHash": .string(block.description)])
    }

    /// How many each has sent up to the latest block, on which the quorum agrees.
    func latestNonces(of addresses: [EVMAddress]) async throws(ProviderError) -> [UInt64] {
        try await nonces(of: addresses, at: "latest")
    }

    private func nonces(
        of addresses: [EVMAddress],
        at place: JSONValue
    ) async throws(ProviderError)
        -> [UInt64]
    {
        let calls = addresses.map { Call("eth_getTransactionCount", .string($0.lowercased), place) }
        return try await agreed(calls) { answers throws(ProviderError) in
            try answers.map { answer throws(ProviderError) in try Self.uint64(answer) }
        }
    }

    /// How many an account has sent up to the latest block, on which the quorum agrees, and how many it will have sent
    /// when all chain transactions that are pending at the nodes have been carried out.
    ///
    /// No single node may choose the number of a signature, even while others do not answer. When one node is a block
    /// behind, the nodes agree a moment later.
    func nonces(of address: EVMAddress) async throws(ProviderError) -> (latest: UInt64, pending: UInt64) {
        let calls = ["latest", "pending"].map { place in
            Call("eth_getTransactionCount", .string(address.lowercased), .string(place))
        }
        let answers = try await askAll(calls) { answers throws(ProviderError) in
            [try Self.uint64(answers[0]), try Self.uint64(answers[1])]
        }
        let latest = try agreed(answers.map { $0[0] }, on: "eth_getTransactionCount")
        let pending = answers.map { $0[1] }.sorted(by: >)[quorum - 1]
        return (latest, max(latest, pending))
    }

    /// An account's balance in the chain's own coin at the latest block, on which the quorum agrees.
    func latestBalance(of address: EVMAddress) async throws(ProviderError) -> BigUInt {
        let call = Call("eth_getBalance", .string(address.lowercased), "latest")
        return try await agreed([call]) { answers throws(ProviderError) in try Self.integer(answers[0]) }
    }

    /// Which of some accounts are contracts.
    func contracts(among addresses: Set<EVMAddress>) async throws(ProviderError) -> Set<EVMAddress> {
        guard !addresses.isEmpty else { return [] }
        let asked = addresses.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        let calls = asked.map { Call("eth_getCode", .string($0.lowercased), "latest") }
        return try await agreed(calls) { answers throws(ProviderError) in
            var contracts: Set<EVMAddress> = []
            for (address, answer) in zip(asked, answers) {
                guard let text = answer.stringValue else { throw ProviderError(.malformed, "a node gives no code") }
                if text != "0x" { contracts.insert(address) }
            }
            return contracts
        }
    }

    /// The usual priority fee for a unit of gas, in wei: the median of the nodes' answers.
    ///
    /// Of two middle ones the lower is taken, so that no single node decides what a signature pays.
    func priorityFee() async throws(ProviderError) -> BigUInt {
        let call = Call("eth_feeHistory", "0x5", "latest", [.integer(50)])
        let fees = try await askAll([call]) { answers throws(ProviderError) in
            let rewards = (answers[0]["reward"]?.arrayValue ?? []).compactMap { $0.arrayValue?.first?.stringValue }
            do throws(EVMError) {
                var fees: [BigUInt] = []
                for reward in rewards { fees.append(try EVMQuantity.integer(reward)) }
                return fees.isEmpty ? 0 : fees.sorted()[fees.count / 2]
            } catch { throw ProviderError(.malformed, error.reason) }
        }
        return fees.sorted()[(fees.count - 1) / 2]
    }

    /// The gas that a call would use: the median of the nodes' answers.
    ///
    /// Of two middle ones the higher is taken, because too little gas costs the fee and moves nothing.
    ///
    /// - Throws: `ProviderError`, also when the call would revert.
    func gas(from: EVMAddress, to: EVMAddress, value: BigUInt, data: [UInt8]) async throws(ProviderError) -> UInt64 {
        let call = Self.estimate(from: from, to: to, value: value, data: data)
        let estimates = try await askAll([call]) { answers throws(ProviderError) in
            try Self.uint64(answers[0])
        }
        return estimates.sorted()[estimates.count / 2]
    }

    /// The gas that a call would use, as ``gas(from:to:value:data:)`` says, and the caller's balance in the chain's own
    /// coin at the latest block, on which the quorum agrees.
    ///
    /// - Throws: `ProviderError`, also when the call would revert.
    func gasAndBalance(
        from: EVMAddress,
        to: EVMAddress,
        value: BigUInt,
        data: [UInt8]
    ) async throws(ProviderError) -> (gas: UInt64, balance: BigUInt) {
        let calls = [
            Self.estimate(from: from, to: to, value: value, data: data),
            Call("eth_getBalance", .string(from.lowercased), "latest"),
        ]
        let answers = try await askAll(calls) { answers throws(ProviderError) in
            (try Self.uint64(answers[0]), try Self.integer(answers[1]))
        }
        let balance = try agreed(answers.map(\.1), on: "eth_getBalance")
        return (answers.map(\.0).sorted()[answers.count / 2], balance)
    }

    private static func estimate(from: EVMAddress, to: EVMAddress, value: BigUInt, data: [UInt8]) -> Call {
        let wish: JSONValue = [
            "from": .string(from.lowercased), "to": .string(to.lowercased), "value": .string(EVMQuantity.text(value)),
            "data": .string(EVMQuantity.data(data)),
        ]
        return Call("eth_estimateGas", wish)
    }

    private static func integer(_ value: JSONValue) throws(ProviderError) -> BigUInt {
        do { return try EVMQuantity.integer(value.stringValue ?? "") } catch {
            throw ProviderError(.malformed, error.reason)
        }
    }

    static func uint64(_ value: JSONValue) throws(ProviderError) -> UInt64 {
        do { return try EVMQuantity.uint64(value.stringValue ?? "") } catch {
            throw ProviderError(.malformed, "a node does not answer with a quantity")
        }
    }
}
