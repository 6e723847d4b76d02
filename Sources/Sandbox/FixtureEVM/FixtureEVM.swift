package import BigInt
package import Cryptography
package import EVM
package import Seams
import Synchronization

/// An EVM chain for tests: real block, chain transaction and receipt hashes, recovered senders, a fee market, and the
/// JSON-RPC of a node.
///
/// It has no sockets of its own: ``respond(to:)`` answers requests from any source. Contracts are modelled by their
/// standards, not run. The same calls give the same bytes.
package final class FixtureEVM: Sendable {
    /// How a node misbehaves.
    package struct Faults: Hashable, Sendable {
        /// How many blocks it lags behind.
        package var lag = 0
        /// How many of the next answers to `eth_getLogs` are empty.
        package var emptyLogs = 0
        /// How many of the next requests fail with 500.
        package var failures = 0
        /// How many of the next requests are limited with 429.
        package var rateLimits = 0
        /// How many of the next chain transactions are accepted, but answered with an error.
        package var lostReplies = 0
        /// With which words it refuses every chain transaction; nil when it does not.
        package var refusal: String?
        /// Multiplies the amounts in logs by ten.
        package var liesAboutLogs = false
        /// Says that chain transactions that failed took effect.
        package var liesAboutStatus = false
        /// Says that chain transactions that took effect failed.
        package var deniesSuccess = false
        /// Says that no account has sent anything.
        package var deniesNumbers = false
        /// By how much it tells other balances of accounts, of coins and of every token; never less than nothing.
        package var wrongBalances: [EVMAddress: BigInt] = [:]
        /// Names another chain.
        package var chainID: UInt64?

        /// No faults.
        package init() {}
    }

    /// How blocks are made.
    package enum Mining: Hashable, Sendable {
        /// One for each chain transaction, at once.
        case automatic
        /// Only by a call, or at an interval.
        case manual
    }

    /// A customer in a test.
    package struct Customer: Sendable {
        /// The key.
        package let key: Secp256k1.PrivateKey
        /// The account.
        package let address: EVMAddress
    }

    struct State: Sendable {
        var chain: ChainState
        var faults: [Int: Faults] = [:]
        var mining = Mining.manual
        var snapshots: [ChainState] = []
        var filters = FilterTable()
        /// By how much the chain's time is ahead of the clock.
        var ahead: UInt64 = 0
        /// The interval at which blocks are made, once a call has set it; zero for never.
        var interval: Duration?
    }

    /// How many blocks behind the head `safe` and `finalized` are.
    package static let depths = (safe: 4, finalized: 8)

    /// The chain.
    package let chainID: UInt64
    let clock: any WallClock
    let state: Mutex<State>
    private let seed: UInt64

    /// A chain with one block and no accounts.
    package init(clock: any WallClock, chainID: UInt64, seed: UInt64 = 1) {
        self.clock = clock
        self.chainID = chainID
        self.seed = seed
        let genesis = UInt64(clamping: clock.now().seconds)
        state = Mutex(State(chain: ChainState(chainID: chainID, genesis: genesis)))
    }

    // MARK: - Chain

    /// Makes blocks at the clock's time.
    package func mine(_ count: Int = 1) {
        state.withLock { state in
            for _ in 0..<count { state.chain.mine(at: time(state)) }
        }
    }

    func time(_ state: State) -> UInt64 { UInt64(clamping: clock.now().seconds) + state.ahead }

    /// Makes blocks until the task is cancelled, at this interval or the one that `evm_setIntervalMining` has set.
    package func run(every interval: Duration) async {
        while !Task.isCancelled {
            let pause = state.withLock { state in
                let wished = state.interval ?? interval
                guard wished > .zero else { return interval }
                state.chain.mine(at: time(state))
                return wished
            }
            do { try await clock.sleep(for: pause) } catch { return }
        }
    }

    /// Replaces the last blocks by as many others and one more, so that the new chain is the longer one.
    ///
    /// - Parameters:
    ///   - depth: how many blocks are replaced.
    ///   - dropping: whether the chain transactions of the old blocks are dropped; otherwise they wait again, and come
    ///     into the last of the new blocks.
    package func reorganise(depth: Int, dropping: Bool) {
        state.withLock { state in
            let count = min(depth, state.chain.blocks.count - 1)
            state.chain.rewind(count, dropping: dropping)
            for _ in 0..<count { state.chain.mine(at: time(state)) { _ in false } }
            state.chain.mine(at: time(state))
        }
    }

    /// Has the next block pay coins out to a validator's account (EIP-4895).
    package func withdraw(gwei: UInt64, to address: EVMAddress) {
        state.withLock { state in
            let index = state.chain.withdrawalCount
            state.chain.withdrawals.append(.init(index: index, address: address, gwei: gwei))
            state.chain.withdrawalCount += 1
        }
    }

    /// Sets the account that makes the blocks from here on; nil sets the default one.
    package func setMaker(_ address: EVMAddress?) {
        state.withLock { $0.chain.beneficiary = address ?? ChainState.miner }
    }

    /// Drops the waiting chain transactions of a sender.
    package func drop(from sender: EVMAddress) {
        state.withLock { $0.chain.pool.removeAll { $0.sender == sender } }
    }

    /// Sets how a node misbehaves from here on; nodes are numbered from 0, and all show the same chain.
    package func set(_ faults: Faults, node: Int = 0) { state.withLock { $0.faults[node] = faults } }

    /// The height.
    package var height: UInt64 { state.withLock { $0.chain.head.header.number } }

    /// The hash of the first block, by which chains that share a number are told apart.
    package var genesis: EVMHash { state.withLock { $0.chain.blocks[0].hash } }

    /// The balance of an account, in wei.
    package func balance(of address: EVMAddress) -> BigUInt {
        state.withLock { $0.chain.world.account(address).balance }
    }

    /// The balance of an account in a token.
    package func balance(of address: EVMAddress, token: EVMAddress) -> BigUInt {
        state.withLock { state in
            guard case .token(let contract)? = state.chain.world.contracts[token] else { return 0 }
            return contract.balances[address] ?? 0
        }
    }

    // MARK: - Money from nowhere

    /// Changes accounts in all blocks, as if they had always been so.
    private func edit(_ change: (inout WorldState) -> Void) {
        state.withLock { state in
            change(&state.chain.world)
            for index in state.chain.blocks.indices { change(&state.chain.blocks[index].world) }
        }
    }

    /// Puts wei into an account, without a chain transaction.
    package func fund(_ address: EVMAddress, with wei: BigUInt) { edit { $0.give(wei, to: address) } }

    /// A customer's account, with a thousand coins in it.
    ///
    /// - Throws: `EVMError`.
    package func customer(_ name: String) throws(EVMError) -> Customer {
        let key: Secp256k1.PrivateKey
        do { key = try Secp256k1.PrivateKey(SecretBytes(SHA256.hash(Array("\(seed) customer \(name)".utf8)))) } catch {
            throw EVMError(.invalidKey, error.reason)
        }
        let customer = Customer(key: key, address: EVMAddress(key.publicKey))
        if state.withLock({ $0.chain.world.accounts[customer.address] == nil }) {
            fund(customer.address, with: BigUInt(10).power(21))
        }
        return customer
    }

    /// A token with a name; the same name is the same token.
    @discardableResult
    package func token(
        _ name: String,
        symbol: String = "USDX",
        decimals: UInt8 = 6,
        behaviour: FixtureToken.Behaviour = .standard
    ) -> EVMAddress {
        let address = address(of: "token \(name)")
        if state.withLock({ $0.chain.world.contracts[address] == nil }) {
            let token = FixtureToken(name: name, symbol: symbol, decimals: decimals, behaviour: behaviour)
            edit { $0.contracts[address] = .token(token) }
        }
        return address
    }

    /// A contract that passes coins on to the address in its call's data.
    package func forwarder() -> EVMAddress { contract("forwarder", .forwarder) }

    /// A contract that gives equal parts of its coins to the addresses in its call's data.
    package func disperser() -> EVMAddress { contract("disperser", .disperser) }

    /// A contract that leaves all that it holds to the address in its call's data.
    package func endingContract() -> EVMAddress { contract("ending", .ending) }

    /// A contract that refuses everything.
    package func refusingContract() -> EVMAddress { contract("reverting", .reverting) }

    private func contract(_ name: String, _ contract: WorldState.Contract) -> EVMAddress {
        let address = address(of: name)
        edit { $0.contracts[address] = contract }
        return address
    }

    private func address(of name: String) -> EVMAddress {
        let digest = SHA256.hash(Array("\(seed) \(name)".utf8))
        do { return try EVMAddress(bytes: Array(digest.prefix(20))) } catch {
            preconditionFailure("20 bytes make an address: \(error)")
        }
    }

    /// Gives tokens to an account, without a chain transaction.
    package func mint(_ units: BigUInt, of token: EVMAddress, to owner: EVMAddress) {
        changeToken(token) { $0.balances[owner, default: 0] += units }
    }

    /// Changes the behaviour of a token from here on.
    package func changeToken(_ token: EVMAddress, _ change: (inout FixtureToken) -> Void) {
        edit { world in
            guard case .token(var contract)? = world.contracts[token] else { return }
            change(&contract)
            world.contracts[token] = .token(contract)
        }
    }

    // MARK: - Customers

    /// Signs and sends a chain transaction of a customer.
    ///
    /// - Throws: `EVMError`, also when the node would refuse it.
    /// - Returns: its hash.
    @discardableResult
    package func send(
        _ wei: BigUInt = 0,
        to address: EVMAddress,
        data: [UInt8] = [],
        by name: String,
        gas: UInt64 = 200_000
    ) throws(EVMError) -> EVMHash {
        let customer = try customer(name)
        // Nothing comes between reading the customer's next number and sending what is signed with it.
        let result: Result<EVMHash, EVMError> = state.withLock { state in
            do throws(EVMError) {
                let transaction = EVMTransaction(
                    kind: .dynamicFee,
                    chainID: chainID,
                    nonce: state.chain.pendingNonce(of: customer.address),
                    fee: .dynamic(maximum: 100_000_000_000, priority: 1_000_000_000),
                    gasLimit: gas,
                    to: address,
                    value: wei,
                    data: data
                )
                let raw = try transaction.signed(by: customer.key).raw ?? []
                do throws(RPCError) { return .success(try admit(raw, into: &state)) } catch {
                    throw EVMError(.malformedStructure, error.message)
                }
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// A customer sends tokens, which are minted for it.
    ///
    /// - Throws: `EVMError`.
    /// - Returns: the hash of the chain transaction.
    @discardableResult
    package func sendToken(
        _ units: BigUInt,
        of token: EVMAddress,
        to address: EVMAddress,
        by name: String
    ) throws(EVMError) -> EVMHash {
        mint(units, of: token, to: try customer(name).address)
        return try send(to: token, data: ERC20.transfer(to: address, amount: units), by: name)
    }
}
