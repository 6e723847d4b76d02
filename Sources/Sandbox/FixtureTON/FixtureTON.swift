package import Cryptography
import HTTPMessages
package import Seams
import Synchronization
package import TON

/// A TON chain for tests: real cells, hashes, signatures and fees, and the interfaces of toncenter.
///
/// It has no sockets of its own: ``respond(to:)`` answers requests from any source. Contracts are modelled by their
/// published rules, not run. The same calls give the same bytes.
package final class FixtureTON: Sendable {
    /// How the node misbehaves.
    package struct Faults: Hashable, Sendable {
        /// How many blocks the node lags behind.
        package var lag = 0
        /// How many of the next pages of chain transactions are empty.
        package var emptyPages = 0
        /// How many of the next requests fail with 500.
        package var failures = 0
        /// How many of the next requests are limited with 429.
        package var rateLimits = 0
        /// How many of the next broadcasts are accepted, but answered with 500.
        package var lostReplies = 0
        /// How many of the next broadcasts are answered as accepted, but lost.
        package var lostBroadcasts = 0
        /// Leaves every second chain transaction out of its pages.
        package var hasGaps = false
        /// States a hash that is not that of the cell.
        package var liesAboutHashes = false
        /// The longest URL that the server in front of the node takes; it answers 414 to others.
        package var longestURL = Int.max
        /// The most bytes of a message from outside.
        package var longestMessage = ExternalMessageLimits.maximumBytes
        /// The most accounts of an answer about several; others are left out.
        package var mostStates = Int.max
        /// The accounts that are written in an answer so that they cannot be read.
        package var unreadable: Set<TONAddress> = []
        /// Of how many of the next chain transactions nobody is told; then every stream ends.
        package var missedNews = 0
        /// How many of the next streams are refused with 429.
        package var refusedStreams = 0
        /// What is wrong with streams that begin from here on.
        package var hostility: StreamHostility?
        /// The accounts for which the node fails with 500, also when others are asked for with them.
        package var unanswerable: Set<TONAddress> = []

        /// No faults.
        package init() {}
    }

    /// A customer in a test.
    package struct Customer: Sendable {
        /// The wallet.
        package let wallet: Wallet
        /// Its key.
        package let key: Ed25519.PrivateKey
        /// Its address.
        package let address: TONAddress
    }

    let clock: any WallClock
    let state: Mutex<ChainState>
    /// The network that the chain claims to be.
    package let network: TONNetwork
    private let seed: UInt64

    /// A chain with one block and no accounts.
    package init(clock: any WallClock, network: TONNetwork = .testnet, seed: UInt64 = 1) {
        self.clock = clock
        self.network = network
        self.seed = seed
        state = Mutex(ChainState(genesis: UInt32(clamping: clock.now().seconds)))
    }

    // MARK: - Chain

    /// Makes blocks at the clock's time.
    ///
    /// - Throws: `TONError` when a message cannot be executed.
    package func mine(_ count: Int = 1) throws(TONError) {
        let time = UInt32(clamping: clock.now().seconds)
        for _ in 0..<count {
            let result: Result<Void, TONError> = state.withLock { state in
                do throws(TONError) { return .success(try state.mine(at: time)) } catch { return .failure(error) }
            }
            tellListeners()
            try result.get()
        }
    }

    /// How many requests to wallets wait for the next block.
    package var waitingRequests: Int { state.withLock(\.externals.count) }

    /// Makes blocks until nothing is under way.
    ///
    /// - Throws: `TONError` when a message cannot be executed.
    package func settle() throws(TONError) {
        for _ in 0..<32 {
            try mine()
            if state.withLock({ $0.externals.isEmpty && $0.internals.isEmpty }) { return }
        }
    }

    /// Makes blocks until the task is cancelled.
    package func run(every interval: Duration) async {
        while !Task.isCancelled {
            do {
                try mine()
                try await clock.sleep(for: interval)
            } catch { return }
        }
    }

    /// Has the node misbehave from here on, in this way and no other.
    package func set(_ faults: Faults) {
        state.withLock { state in
            state.faults = faults
            state.inventions = [:]
        }
    }

    /// The balance of an account, in nanotons.
    package func balance(of address: TONAddress) -> UInt128 { state.withLock { $0.account(address).balance } }

    /// The sum put into accounts, minus fees taken, minus the sum in accounts and messages; always zero.
    package var imbalance: Int128 {
        state.withLock { state in
            let held = state.accounts.values.reduce(UInt128(0)) { $0 + $1.balance }
            let moving = state.internals.reduce(UInt128(0)) { $0 + $1.value + $1.forwardFee }
            return Int128(state.minted) - Int128(state.burnt) - Int128(held) - Int128(moving)
        }
    }

    /// The readable chain transactions of an account, the oldest first.
    package func history(of address: TONAddress) -> [ChainTransaction] {
        state.withLock { $0.account(address).history.compactMap(\.transaction) }
    }

    // MARK: - Money from nowhere

    /// Puts nanotons into an account, without a chain transaction.
    package func fund(_ address: TONAddress, with nanotons: UInt128) {
        state.withLock { $0.fund(address, with: nanotons) }
    }

    /// Takes rent for storage from an account, without a chain transaction.
    package func chargeStorage(_ nanotons: UInt128, at address: TONAddress) {
        state.withLock { state in
            let due = min(nanotons, state.account(address).balance)
            state.accounts[address]?.balance -= due
            state.burnt += due
        }
    }

    /// Has the contract at an address refuse every message from here on, as a locked jetton wallet does.
    package func refuseEverything(at address: TONAddress) {
        state.withLock { state in
            state.accounts[address, default: ChainState.Account(lastHash: .zero)].code = FixtureJetton.refusingCode
        }
    }

    /// Has the contract at an address fail while it sends, whatever arrives: the coins of the message stay there.
    package func swallowEverything(at address: TONAddress) {
        state.withLock { state in
            state.accounts[address, default: ChainState.Account(lastHash: .zero)].code = FixtureJetton.swallowingCode
        }
    }

    /// A customer's wallet, deployed and with a thousand TON in it.
    ///
    /// - Throws: `TONError`.
    package func customer(_ name: String) throws(TONError) -> Customer {
        let bytes = SHA256.hash(Array("\(seed) customer \(name)".utf8))
        let key: Ed25519.PrivateKey
        do { key = try Ed25519.PrivateKey(seed: SecretBytes(bytes)) } catch {
            throw TONError(.invalidKey, error.description)
        }
        let wallet = Wallet(version: .v4r2, publicKey: key.publicKey, network: network)
        let customer = Customer(wallet: wallet, key: key, address: try wallet.address())
        let initial = try wallet.stateInit()
        state.withLock { state in
            guard state.accounts[customer.address] == nil else { return }
            state.fund(customer.address, with: 1_000_000_000_000)
            state.accounts[customer.address]?.code = initial.code
            state.accounts[customer.address]?.data = initial.data
        }
        return customer
    }

    // MARK: - Customers

    /// Signs and broadcasts messages of a customer.
    ///
    /// - Throws: `TONError`.
    /// - Returns: the signed message.
    @discardableResult
    package func send(_ messages: [WalletMessage], by customer: Customer) throws(TONError) -> Cell {
        let time = UInt32(clamping: clock.now().seconds)
        // Nothing comes between reading the wallet's number and queueing what is signed with it: of two requests with one
        // number the chain takes one.
        let sent: Result<Cell, TONError> = state.withLock { state in
            do throws(TONError) {
                // One request a block is enough for a wallet: what waits has to go first.
                if state.externals.contains(where: { $0.destination == customer.address }) {
                    try state.mine(at: time)
                }
                guard let data = state.account(customer.address).data else {
                    throw TONError(.malformedStructure, "the customer has no wallet")
                }
                let transfer = try customer.wallet.sign(
                    messages,
                    seqno: WalletData(parsing: data, version: customer.wallet.version).seqno,
                    validUntil: time + 3_600,
                    with: customer.key,
                    deploying: false
                )
                if case .externalIn(let message) = try Message(parsing: transfer.cell) {
                    state.externals.append(message)
                }
                return .success(transfer.cell)
            } catch { return .failure(error) }
        }
        tellListeners()
        return try sent.get()
    }

    /// A customer pays TON coin.
    ///
    /// - Throws: `TONError`.
    package func pay(
        _ nanotons: UInt128,
        to address: TONAddress,
        comment: String?,
        by name: String,
        bounce: Bool = false
    ) throws(TONError) {
        let body: Cell? = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { nil }
        let message = try WalletMessage(to: address, amount: nanotons, bounce: bounce, body: body)
        try send([message], by: customer(name))
    }

    /// A rule by which a chain transaction is written differently.
    package typealias Rewriting = @Sendable (Cell) throws(TONError) -> Cell

    /// Writes the chain transaction of the next message to an account in an odd form; several calls form a queue.
    package func writeNext(at address: TONAddress, as form: OddForm) {
        rewriteNext(at: address) { cell throws(TONError) in try form.rewrite(cell) }
    }

    /// Writes the chain transaction of the next message to an account by a rule; money moves as in the plain form.
    package func rewriteNext(at address: TONAddress, _ rewriting: @escaping Rewriting) {
        state.withLock { $0.rewritings[address, default: []].append(rewriting) }
    }

    /// Delivers a message with the bounced flag.
    package func arriveBounced(_ nanotons: UInt128, at address: TONAddress, body: Cell, from source: TONAddress) {
        state.withLock { state in
            state.minted += nanotons
            state.internals.append(
                InternalMessage(
                    bounce: false,
                    bounced: true,
                    source: source,
                    destination: address,
                    value: nanotons,
                    body: body
                )
            )
        }
    }

    // MARK: - Jettons

    /// The code of the jetton wallets of a layout, for a gateway's configuration.
    package static func jettonWalletCode(_ layout: JettonWalletLayout) -> Cell { FixtureJetton.code(layout) }

    /// The master of a jetton with a name; here an issuer needs no account.
    ///
    /// - Throws: `TONError`.
    package func jettonMaster(_ name: String, layout: JettonWalletLayout = .standard) throws(TONError) -> TONAddress {
        let hash = try CellHash(SHA256.hash(Array("\(seed) jetton \(name)".utf8)))
        let master = try TONAddress(workchain: 0, hash: hash)
        state.withLock { $0.jettons[master] = layout }
        return master
    }

    /// The master gives jettons to an owner.
    ///
    /// - Throws: `TONError`.
    package func mint(
        _ units: UInt128,
        of master: TONAddress,
        layout: JettonWalletLayout,
        to owner: TONAddress,
        isCounterfeit: Bool = false
    ) throws(TONError) {
        let code = isCounterfeit ? FixtureJetton.counterfeitCode : FixtureJetton.code(layout)
        let initial = try JettonWallet.stateInit(owner: owner, master: master, code: code, layout: layout)
        let credit = JettonInternalTransfer(
            queryID: 0,
            amount: units,
            from: nil,
            responseAddress: nil,
            forwardAmount: 0,
            forwardPayload: try Cell.empty()
        )
        let message = InternalMessage(
            bounce: true,
            source: master,
            destination: try initial.address(),
            value: 100_000_000,
            stateInit: initial,
            body: try credit.cell()
        )
        state.withLock { state in
            state.minted += message.value
            state.internals.append(message)
        }
    }

    /// A customer pays jettons, with the comment in the forward payload as wallets write it.
    ///
    /// - Throws: `TONError`.
    package func payJetton(
        _ units: UInt128,
        of master: TONAddress,
        layout: JettonWalletLayout,
        to owner: TONAddress,
        comment: String?,
        by name: String,
        forwardAmount: UInt128 = 1,
        isCounterfeit: Bool = false
    ) throws(TONError) {
        let payer = try customer(name)
        let code = isCounterfeit ? FixtureJetton.counterfeitCode : FixtureJetton.code(layout)
        let payload = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
        let transfer = JettonTransfer(
            queryID: 1,
            amount: units,
            destination: owner,
            responseDestination: payer.address,
            forwardAmount: forwardAmount,
            forwardPayload: payload
        )
        let own = try JettonWallet.address(owner: payer.address, master: master, code: code, layout: layout)
        let message = try WalletMessage(to: own, amount: 100_000_000, bounce: true, body: transfer.cell())
        try send([message], by: payer)
    }

    /// Puts a contract that refuses every message at an address of its own.
    ///
    /// - Throws: `TONError`.
    package func refusingContract() throws(TONError) -> TONAddress {
        let initial = StateInit(code: FixtureJetton.refusingCode, data: nil)
        let address = try initial.address()
        fund(address, with: 1_000_000_000)
        state.withLock { $0.accounts[address]?.code = initial.code }
        return address
    }
}
