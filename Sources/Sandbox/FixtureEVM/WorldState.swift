import BigInt
import EVM

/// All accounts after a block.
struct WorldState: Sendable {
    /// The state of an account.
    struct Account: Hashable, Sendable {
        var balance: BigUInt = 0
        var nonce: UInt64 = 0
    }

    /// The behaviour of a contract; modelled, not run.
    enum Contract: Hashable, Sendable {
        /// An ERC-20 token.
        case token(FixtureToken)
        /// It passes the coins that it gets on to the address in its call's data: a transfer inside, without a log.
        case forwarder
        /// It gives equal parts of the coins that it gets to the addresses in its call's data, and keeps what is left.
        case disperser
        /// It ends, and leaves all that it holds to the address in its call's data (`SELFDESTRUCT`).
        case ending
        /// It reverts every call.
        case reverting
    }

    var accounts: [EVMAddress: Account] = [:]
    var contracts: [EVMAddress: Contract] = [:]

    func account(_ address: EVMAddress) -> Account { accounts[address] ?? Account() }

    mutating func give(_ wei: BigUInt, to address: EVMAddress) { accounts[address, default: Account()].balance += wei }

    /// Takes coins from an account; returns whether there were enough.
    mutating func take(_ wei: BigUInt, from address: EVMAddress) -> Bool {
        guard account(address).balance >= wei else { return false }
        accounts[address, default: Account()].balance -= wei
        return true
    }

    /// The code of an account: for a contract here, a word for what it does.
    func code(_ address: EVMAddress) -> [UInt8] {
        switch contracts[address] {
        case .token(let token): Array("token \(token.symbol)".utf8)
        case .forwarder: Array("forwarder".utf8)
        case .disperser: Array("disperser".utf8)
        case .ending: Array("ending".utf8)
        case .reverting: Array("reverting".utf8)
        case nil: []
        }
    }

    /// The root over all accounts, with the hash of a token's sorted balances in the place of its storage root.
    var root: EVMHash {
        let addresses = Set(accounts.keys).union(contracts.keys)
        return MerklePatriciaTrie.root(
            of: addresses.map { address in
                let account = account(address)
                let body = RLPItem.list([
                    .uint64(account.nonce), .integer(account.balance), .bytes(storageRoot(address).bytes),
                    .bytes(EVMHash(of: code(address)).bytes),
                ])
                return (key: EVMHash(of: address.bytes).bytes, value: body.encoded)
            }
        )
    }

    private func storageRoot(_ address: EVMAddress) -> EVMHash {
        guard case .token(let token)? = contracts[address] else { return MerklePatriciaTrie.emptyRoot }
        return MerklePatriciaTrie.root(
            of: token.balances.filter { $0.value > 0 }.map { entry in
                (key: EVMHash(of: entry.key.bytes).bytes, value: RLPItem.integer(entry.value).encoded)
            }
        )
    }
}

extension WorldState {
    /// The outcome of a chain transaction.
    struct Outcome {
        var isSuccess: Bool
        var gasUsed: UInt64
        var logs: [EVMLog]
        var answer: [UInt8]
    }

    /// Costs in gas; fixed, so that tests can state exact results.
    enum Gas {
        static let transfer: UInt64 = 21_000
        static let call: UInt64 = 30_000
        static let creation: UInt64 = 53_000
    }

    /// The gas that a chain transaction costs before anything is executed (Yellow Paper, 6.2).
    static func intrinsicGas(_ transaction: EVMTransaction) -> UInt64 {
        let data = transaction.data.reduce(UInt64(0)) { $0 + ($1 == 0 ? 4 : 16) }
        let listed = transaction.accessList.reduce(UInt64(0)) { $0 + 2_400 + 1_900 * UInt64($1.storageKeys.count) }
        return (transaction.to == nil ? Gas.creation : Gas.transfer) + data + listed
    }

    /// Executes a message without its fees; a reverted message changes nothing.
    mutating func execute(
        from sender: EVMAddress,
        to: EVMAddress?,
        value: BigUInt,
        data: [UInt8],
        gas: UInt64
    ) -> Outcome {
        let before = self
        guard take(value, from: sender) else { return Outcome(isSuccess: false, gasUsed: 0, logs: [], answer: []) }
        guard let to else { return Outcome(isSuccess: true, gasUsed: 0, logs: [], answer: []) }
        give(value, to: to)
        guard let contract = contracts[to] else { return Outcome(isSuccess: true, gasUsed: 0, logs: [], answer: []) }
        guard gas >= Gas.call else {
            self = before
            return Outcome(isSuccess: false, gasUsed: gas, logs: [], answer: [])
        }
        if let done = call(contract, at: to, by: sender, value: value, data: data) {
            return Outcome(isSuccess: true, gasUsed: Gas.call, logs: done.logs, answer: done.answer)
        }
        self = before
        return Outcome(isSuccess: false, gasUsed: Gas.call, logs: [], answer: [])
    }

    private mutating func call(
        _ contract: Contract,
        at own: EVMAddress,
        by sender: EVMAddress,
        value: BigUInt,
        data: [UInt8]
    ) -> (answer: [UInt8], logs: [EVMLog])? {
        switch contract {
        case .reverting: return nil
        case .forwarder:
            guard data.count >= 20, let target = try? EVMAddress(bytes: Array(data.suffix(20))), take(value, from: own)
            else { return nil }
            give(value, to: target)
            return ([], [])
        case .disperser:
            let targets = stride(from: 0, to: data.count - 19, by: 20).compactMap { start in
                try? EVMAddress(bytes: Array(data[start..<(start + 20)]))
            }
            guard !targets.isEmpty else { return nil }
            let part = value / BigUInt(targets.count)
            for target in targets where take(part, from: own) { give(part, to: target) }
            return ([], [])
        case .ending:
            let held = account(own).balance
            guard data.count >= 20, let target = try? EVMAddress(bytes: Array(data.suffix(20))), take(held, from: own)
            else { return nil }
            give(held, to: target)
            return ([], [])
        case .token(var token):
            guard value.isZero, let done = token.call(data, by: sender, at: own) else { return nil }
            contracts[own] = .token(token)
            return done
        }
    }
}
