import BigInt
import EVM

/// A refusal in a node's form.
struct RPCError: Error {
    let code: Int64
    let message: String
    var data: String?

    init(_ code: Int64, _ message: String, data: String? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// A refusal with the usual code.
    init(_ message: String) {
        self.init(-32_000, message)
    }
}

extension FixtureEVM {
    /// Adds a chain transaction to the pool, by the rules of go-ethereum's pool.
    func admit(_ raw: [UInt8], into state: inout State) throws(RPCError) -> EVMHash {
        let transaction: EVMTransaction
        let sender: EVMAddress
        do {
            transaction = try EVMTransaction(decoding: raw)
            sender = try transaction.sender()
        } catch { throw RPCError("rlp: \(error.reason)") }
        if let chain = transaction.chainID, chain != chainID { throw RPCError("invalid chain id for signer") }
        if transaction.kind.number > 2 { throw RPCError("transaction type not supported") }
        let hash = EVMHash(of: raw)
        let account = state.chain.world.account(sender)
        guard !state.chain.pool.contains(where: { $0.hash == hash }) else { throw RPCError("already known") }
        guard transaction.nonce >= account.nonce else {
            let next = account.nonce
            throw RPCError("nonce too low: next nonce \(next), tx nonce \(transaction.nonce)")
        }
        guard transaction.gasLimit >= WorldState.intrinsicGas(transaction) else {
            throw RPCError("intrinsic gas too low")
        }
        guard transaction.gasLimit <= ChainState.gasLimit else { throw RPCError("exceeds block gas limit") }
        let cost = transaction.value + transaction.fee.maximum * BigUInt(transaction.gasLimit)
        guard account.balance >= cost else {
            throw RPCError("insufficient funds for gas * price + value: balance \(account.balance), tx cost \(cost)")
        }
        if let old = state.chain.pool.firstIndex(where: {
            $0.sender == sender && $0.transaction.nonce == transaction.nonce
        }) {
            let (before, after) = (state.chain.pool[old].transaction.fee, transaction.fee)
            guard after.maximum * 10 >= before.maximum * 11, after.tip * 10 >= before.tip * 11 else {
                throw RPCError("replacement transaction underpriced")
            }
            state.chain.pool.remove(at: old)
        }
        state.chain.serial += 1
        state.chain.pool.append(
            ChainState.Pending(transaction: transaction, hash: hash, sender: sender, serial: state.chain.serial)
        )
        state.filters.notePending(hash)
        if state.mining == .automatic { state.chain.mine(at: time(state)) }
        return hash
    }
}

extension EVMTransaction.Fee {
    /// The most that the block's maker can get for a unit of gas.
    var tip: BigUInt {
        switch self {
        case .price(let price): price
        case .dynamic(_, let priority): priority
        }
    }
}
