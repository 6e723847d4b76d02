import BigInt
import EVM
import Providers
import Seams
import Synchronization

/// Blocks that were read and checked, so that blocks that are not final yet are read only once.
///
/// Nothing depends on its content: a missing block is read again.
final class BlockCache: Sendable {
    /// What gas costs.
    struct Prices: Sendable {
        let head: EVMHeader
        let tip: BigUInt
        /// When they were asked for.
        let at: Timestamp
    }

    private struct Content {
        var prices: Prices?
        var blocks: [EVMHash: ChainBlock] = [:]
        var receipts: [EVMHash: [ChainReceipt]] = [:]
        var newest: ChainBlock?
        var changes: [EVMHash: [EVMClient.Holding: BalanceChange]] = [:]
        var finalNonce: (block: EVMHash, nonce: UInt64)?
        var view: (tip: EVMClient.Tip, view: LaneView)?
    }

    /// The most blocks that are kept.
    static let limit = 512

    private let content = Mutex(Content())

    func block(_ hash: EVMHash) -> ChainBlock? { content.withLock { $0.blocks[hash] } }

    /// The highest block that was read.
    var newest: ChainBlock? { content.withLock(\.newest) }

    func receipts(_ hash: EVMHash) -> [ChainReceipt]? { content.withLock { $0.receipts[hash] } }

    /// The balances around a block that were already read.
    func changes(_ hash: EVMHash) -> [EVMClient.Holding: BalanceChange] {
        content.withLock { $0.changes[hash] ?? [:] }
    }

    /// The nonce of the wallet that pays out after a block, if it is the one that was asked about last.
    func finalNonce(after block: EVMHash) -> UInt64? {
        content.withLock { $0.finalNonce?.block == block ? $0.finalNonce?.nonce : nil }
    }

    func keep(finalNonce nonce: UInt64, after block: EVMHash) { content.withLock { $0.finalNonce = (block, nonce) } }

    /// The wallet that pays out as it was seen last, if that was at these blocks.
    func view(at tip: EVMClient.Tip) -> LaneView? {
        content.withLock { $0.view?.tip == tip ? $0.view?.view : nil }
    }

    func keep(_ view: LaneView, at tip: EVMClient.Tip) { content.withLock { $0.view = (tip, view) } }

    /// The prices of gas that were asked for last.
    var prices: Prices? { content.withLock(\.prices) }

    func keep(_ prices: Prices) { content.withLock { $0.prices = prices } }

    /// The blocks at which the final chain had taken a number, when the wallet was looked at last; nil when it had not.
    func tip(afterTaking number: Int64) -> EVMClient.Tip? {
        content.withLock { content in
            guard let known = content.view, number < known.view.decidedBelow else { return nil }
            return known.tip
        }
    }

    /// The wallet has to be looked at anew, because something was sent.
    func forgetView() { content.withLock { $0.view = nil } }

    func keep(_ blocks: [ChainBlock]) {
        content.withLock { content in
            for block in blocks { content.blocks[block.hash] = block }
            if let last = blocks.last, last.number >= content.newest?.number ?? 0 { content.newest = last }
            guard content.blocks.count > Self.limit else { return }
            let numbers = content.blocks.values.map(\.number).sorted()
            let oldest = numbers[numbers.count - Self.limit / 2]
            for (hash, block) in content.blocks where block.number < oldest {
                content.blocks[hash] = nil
                content.receipts[hash] = nil
                content.changes[hash] = nil
            }
        }
    }

    func keep(_ receipts: [ChainReceipt], of block: EVMHash) { content.withLock { $0.receipts[block] = receipts } }

    func keep(_ changes: [EVMClient.Holding: BalanceChange], around block: EVMHash) {
        content.withLock { $0.changes[block, default: [:]].merge(changes) { $1 } }
    }
}
