import Cryptography
import Seams
import TON

/// The state of the fixture chain.
struct ChainState: Sendable {
    /// Fees in nanotons; fixed, so that tests can state exact results.
    enum Fee {
        static let storage: UInt128 = 11
        static let importing: UInt128 = 300_000
        static let gas: UInt128 = 500_000
        /// The fee for forwarding a message: a third is taken where it is sent, the rest travels with it.
        static let forward: UInt128 = 400_000
        static let forwardHere: UInt128 = 133_333
    }

    /// An account.
    struct Account: Sendable {
        var balance: UInt128 = 0
        var code: Cell?
        var data: Cell?
        var lastLT: UInt64 = 0
        var lastHash: CellHash
        var history: [Entry] = []

        var status: AccountStatus { code == nil ? .uninitialised : .active }
    }

    /// A chain transaction with the masterchain block that made it final.
    struct Entry: Sendable {
        let cell: Cell
        let head: TransactionHead
        /// The decoded chain transaction; nil when it is written so that it cannot be read.
        let transaction: ChainTransaction?
        let block: UInt32

        var hash: CellHash { cell.hash }
    }

    /// A chain transaction of an account, as listeners are told of it.
    struct News: Sendable {
        let address: TONAddress
        let entry: Entry
        let balance: UInt128
        let status: AccountStatus
    }

    /// A masterchain block.
    struct Block: Sendable {
        let seqno: UInt32
        let time: UInt32
        let rootHash: CellHash
        let endLT: UInt64
    }

    var accounts: [TONAddress: Account] = [:]
    /// The masters of jettons, and the layout of their wallets.
    var jettons: [TONAddress: JettonWalletLayout] = [:]
    var blocks: [Block] = []
    var lt: UInt64 = 1_000_000
    /// External messages that wait for the next block.
    var externals: [ExternalInMessage] = []
    /// Internal messages that wait for the next block.
    var internals: [InternalMessage] = []
    /// What has happened and listeners were not told of yet.
    var untold: [News] = []
    /// The traces of blocks that are not to be final, of which listeners were told.
    var discarded: [String] = []
    var listeners = StreamListeners()
    var faults = FixtureTON.Faults()
    /// Accounts as a node shows them that lies.
    var inventions: [TONAddress: Account] = [:]
    /// How the chain transactions of the next messages to an account are written, the next one first.
    var rewritings: [TONAddress: [FixtureTON.Rewriting]] = [:]
    /// All coins ever put into accounts; `burnt` are those taken as fees, or on their way as fees.
    var minted: UInt128 = 0
    var burnt: UInt128 = 0

    init(genesis time: UInt32) {
        blocks = [Block(seqno: 1, time: time, rootHash: Self.blockHash(1), endLT: lt)]
    }

    var head: Block { blocks[blocks.count - 1] }

    static func blockHash(_ seqno: UInt32) -> CellHash {
        let bytes = withUnsafeBytes(of: seqno.bigEndian) { Array($0) }
        return (try? CellHash(SHA256.hash(Array("block".utf8) + bytes))) ?? .zero
    }

    func account(_ address: TONAddress) -> Account { accounts[address] ?? Account(lastHash: .zero) }

    /// An account as a node shows it.
    func shown(_ address: TONAddress) -> Account { inventions[address] ?? account(address) }

    mutating func nextLT() -> UInt64 {
        lt += 1_000_000
        return lt
    }

    /// Puts nanotons into an account, without a chain transaction.
    mutating func fund(_ address: TONAddress, with nanotons: UInt128) {
        accounts[address, default: Account(lastHash: .zero)].balance += nanotons
        minted += nanotons
    }

    /// Makes a block: what waited is executed, and what that sends waits for the next one.
    mutating func mine(at time: UInt32) throws(TONError) {
        let seqno = head.seqno + 1
        let block = max(time, head.time)
        let (waiting, arriving) = (externals, internals)
        (externals, internals) = ([], [])
        for message in waiting { try execute(external: message, at: block, in: seqno) }
        for message in arriving { try execute(message, at: block, in: seqno) }
        blocks.append(Block(seqno: seqno, time: block, rootHash: Self.blockHash(seqno), endLT: lt))
    }

    /// The newest block that the node shows: the head, or an earlier block when it lags.
    var visibleBlock: Block {
        let lag = min(faults.lag, blocks.count - 1)
        return blocks[blocks.count - 1 - lag]
    }
}
