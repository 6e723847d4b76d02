import BigInt
import EVM

/// The state of the fixture chain.
struct ChainState: Sendable {
    /// A chain transaction in a block, with its outcome.
    struct Entry: Sendable {
        let transaction: EVMTransaction
        let hash: EVMHash
        let sender: EVMAddress
        let receipt: EVMReceipt
        let gasUsed: UInt64
        let gasPrice: BigUInt
        /// How many logs come before its own in the block.
        let firstLog: Int
    }

    /// Coins that the chain pays out to a validator's account (EIP-4895).
    struct Withdrawal: Hashable, Sendable {
        let index: UInt64
        let address: EVMAddress
        let gwei: UInt64

        var encoded: [UInt8] {
            RLPItem.list([.uint64(index), .uint64(Self.validator), .bytes(address.bytes), .uint64(gwei)]).encoded
        }

        static let validator: UInt64 = 7
    }

    /// A block, with all accounts after it.
    struct Block: Sendable {
        let header: EVMHeader
        let hash: EVMHash
        let entries: [Entry]
        let withdrawals: [Withdrawal]
        var world: WorldState
    }

    /// A chain transaction that waits.
    struct Pending: Sendable {
        let transaction: EVMTransaction
        let hash: EVMHash
        let sender: EVMAddress
        /// The order in which it came.
        let serial: UInt64
    }

    static let gasLimit: UInt64 = 30_000_000

    var blocks: [Block]
    /// The accounts after the last block and the changes from outside the chain since.
    var world: WorldState
    var pool: [Pending] = []
    /// Blocks that a reorganisation has replaced; nodes still find them by their hashes.
    var replaced: [EVMHash: Block] = [:]
    var serial: UInt64 = 0
    /// The account that makes the next blocks and earns their fees.
    var beneficiary = ChainState.miner
    /// The withdrawals that the next block pays to validators.
    var withdrawals: [Withdrawal] = []
    /// How many withdrawals were ever paid.
    var withdrawalCount: UInt64 = 0
    /// Counts reorganisations, so that the new blocks differ from the old ones.
    var fork: UInt64 = 0
    let chainID: UInt64

    init(chainID: UInt64, genesis time: UInt64) {
        self.chainID = chainID
        world = WorldState()
        var header = EVMHeader(
            parent: .zero,
            number: 0,
            timestamp: time,
            gasLimit: Self.gasLimit,
            baseFee: 1_000_000_000
        )
        header.extraData = Array("settlegate fixture chain \(chainID)".utf8)
        header.stateRoot = world.root
        blocks = [Block(header: header, hash: header.hash, entries: [], withdrawals: [], world: world)]
    }

    var head: Block { blocks[blocks.count - 1] }

    /// The sender's next nonce when all its waiting chain transactions without a gap are mined.
    func pendingNonce(of address: EVMAddress) -> UInt64 {
        var nonce = world.account(address).nonce
        let waiting = Set(pool.filter { $0.sender == address }.map(\.transaction.nonce))
        while waiting.contains(nonce) { nonce += 1 }
        return nonce
    }

    // MARK: - Mining

    /// The price of a unit of gas in the next block (EIP-1559).
    var nextBaseFee: BigUInt {
        let (fee, used, target) = (head.header.baseFee ?? 0, head.header.gasUsed, head.header.gasLimit / 2)
        if used == target { return fee }
        let change = fee * BigUInt(used > target ? used - target : target - used) / BigUInt(target) / 8
        return used > target ? fee + max(change, 1) : max(fee - change, 7)
    }

    /// Makes a block of the waiting chain transactions that can be paid for.
    mutating func mine(at time: UInt64, taking: (Pending) -> Bool = { _ in true }) {
        var header = EVMHeader(
            parent: head.hash,
            number: head.header.number + 1,
            timestamp: max(time, head.header.timestamp + 1),
            gasLimit: Self.gasLimit,
            baseFee: nextBaseFee
        )
        header.beneficiary = beneficiary
        if fork > 0 { header.extraData = Array("fork \(fork)".utf8) }
        header.extensions.withdrawalsRoot = MerklePatriciaTrie.root(ofList: withdrawals.map(\.encoded))
        var entries: [Entry] = []
        var logs = 0
        while let next = nextPending(baseFee: header.baseFee ?? 0, gas: Self.gasLimit - header.gasUsed, taking) {
            pool.removeAll { $0.sender == next.sender && $0.transaction.nonce <= next.transaction.nonce }
            let entry = apply(next, baseFee: header.baseFee ?? 0, cumulative: header.gasUsed, firstLog: logs)
            header.gasUsed += entry.gasUsed
            logs += entry.receipt.logs.count
            for log in entry.receipt.logs {
                header.bloom.insert(log.address.bytes)
                for topic in log.topics { header.bloom.insert(topic.bytes) }
            }
            entries.append(entry)
        }
        header.transactionsRoot = MerklePatriciaTrie.root(ofList: entries.map { $0.transaction.raw ?? [] })
        header.receiptsRoot = MerklePatriciaTrie.root(ofList: entries.map(\.receipt.encoded))
        for withdrawal in withdrawals { world.give(BigUInt(withdrawal.gwei) * 1_000_000_000, to: withdrawal.address) }
        header.stateRoot = world.root
        blocks.append(
            Block(header: header, hash: header.hash, entries: entries, withdrawals: withdrawals, world: world)
        )
        withdrawals = []
    }

    static let miner: EVMAddress = {
        do { return try EVMAddress(bytes: [UInt8](repeating: 0xC0, count: 20)) } catch {
            preconditionFailure("20 bytes make an address: \(error)")
        }
    }()

    /// The earliest among the chain transactions that are next for their sender and pay the price.
    private func nextPending(baseFee: BigUInt, gas: UInt64, _ taking: (Pending) -> Bool) -> Pending? {
        pool.filter { pending in
            let transaction = pending.transaction
            let account = world.account(pending.sender)
            return account.nonce == transaction.nonce && transaction.fee.maximum >= baseFee
                && transaction.gasLimit <= gas && taking(pending)
                && account.balance >= transaction.value + transaction.fee.maximum * BigUInt(transaction.gasLimit)
        }
        .min { $0.serial < $1.serial }
    }

    private mutating func apply(_ pending: Pending, baseFee: BigUInt, cumulative: UInt64, firstLog: Int) -> Entry {
        let transaction = pending.transaction
        let price = transaction.fee.price(baseFee: baseFee)
        world.accounts[pending.sender, default: .init()].nonce += 1
        let intrinsic = WorldState.intrinsicGas(transaction)
        _ = world.take(price * BigUInt(transaction.gasLimit), from: pending.sender)
        let outcome = world.execute(
            from: pending.sender,
            to: transaction.to,
            value: transaction.value,
            data: transaction.data,
            gas: transaction.gasLimit - intrinsic
        )
        let used = intrinsic + outcome.gasUsed
        world.give(price * BigUInt(transaction.gasLimit - used), to: pending.sender)
        world.give((price - baseFee) * BigUInt(used), to: beneficiary)
        let receipt = EVMReceipt(
            type: transaction.kind.number,
            isSuccess: outcome.isSuccess,
            cumulativeGas: cumulative + used,
            logs: outcome.logs
        )
        return Entry(
            transaction: transaction,
            hash: pending.hash,
            sender: pending.sender,
            receipt: receipt,
            gasUsed: used,
            gasPrice: price,
            firstLog: firstLog
        )
    }

    /// Takes the last blocks back; their chain transactions wait again, or are dropped.
    mutating func rewind(_ depth: Int, dropping: Bool) {
        let count = min(depth, blocks.count - 1)
        let removed = blocks.suffix(count)
        blocks.removeLast(count)
        for block in removed { replaced[block.hash] = block }
        world = head.world
        fork += 1
        guard !dropping else { return }
        for entry in removed.flatMap(\.entries) {
            serial += 1
            pool.append(
                Pending(transaction: entry.transaction, hash: entry.hash, sender: entry.sender, serial: serial)
            )
        }
    }
}
