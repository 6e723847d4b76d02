import BigInt
import EVM

/// The part of the chain that one node shows: all of it, or less when it lags.
struct NodeView {
    let chain: ChainState
    let blocks: ArraySlice<ChainState.Block>
    let faults: FixtureEVM.Faults

    init(_ state: FixtureEVM.State, node: Int) {
        chain = state.chain
        faults = state.faults[node] ?? FixtureEVM.Faults()
        blocks = state.chain.blocks.dropLast(min(faults.lag, state.chain.blocks.count - 1))
    }

    var head: ChainState.Block { blocks[blocks.endIndex - 1] }

    func block(number: UInt64) -> ChainState.Block? {
        guard let index = Int(exactly: number), blocks.indices.contains(index) else { return nil }
        return blocks[index]
    }

    /// A block by its hash, even one that a reorganisation has replaced.
    func block(_ hash: EVMHash) -> ChainState.Block? { blocks.last { $0.hash == hash } ?? chain.replaced[hash] }

    /// A block by a number, a tag, or an object with either (EIP-1898); the latest block when there is none.
    func block(_ text: String?) throws(RPCError) -> ChainState.Block? {
        switch text {
        case nil, "latest", "pending": return head
        case "earliest": return blocks.first
        case "safe": return behind(FixtureEVM.depths.safe)
        case "finalized": return behind(FixtureEVM.depths.finalized)
        case let text?:
            do { return block(number: try EVMQuantity.uint64(text)) } catch {
                throw RPCError(-32_602, "invalid argument: \(error.reason)")
            }
        }
    }

    /// All accounts after a block, as the node tells them.
    func world(after block: ChainState.Block) -> WorldState {
        var world = block.world
        for (address, difference) in faults.wrongBalances {
            func told(_ held: BigUInt?) -> BigUInt { max(0, BigInt(held ?? 0) + difference).magnitude }
            world.accounts[address, default: .init()].balance = told(world.account(address).balance)
            for (contract, found) in world.contracts {
                guard case .token(var token) = found else { continue }
                token.balances[address] = told(token.balances[address])
                world.contracts[contract] = .token(token)
            }
        }
        return world
    }

    private func behind(_ depth: Int) -> ChainState.Block {
        blocks[max(blocks.startIndex, blocks.endIndex - 1 - depth)]
    }

    func entry(_ hash: EVMHash) -> (block: ChainState.Block, index: Int)? {
        for block in blocks.reversed() {
            if let index = block.entries.firstIndex(where: { $0.hash == hash }) { return (block, index) }
        }
        return nil
    }
}
