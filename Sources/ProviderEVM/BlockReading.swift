import BigInt
import EVM
import Money
import Payments
import Providers
import Seams
import StrictJSON

/// What a block means for the books: the one place that knows the rules by which money is credited on an EVM chain.
///
/// Receipts decide, never what a call says about itself: its status, and logs of contracts on the allow-list.
struct BlockReading {
    /// What was found, and in which block.
    struct Finding {
        let observation: Observation
        let block: UInt64
    }

    /// A transfer of a token to one of our accounts, as its log shows it.
    private struct Arrival {
        let token: EVMProvider.Token
        let transfer: ERC20Transfer
        let index: Int
        let logIndex: UInt64
    }

    let provider: EVMProvider
    let block: ChainBlock
    let receipts: [ChainReceipt]
    let watched: Set<String>

    private var chain: String { "\(provider.configuration.chainID)" }
    private var moment: Timestamp { Timestamp(seconds: Int64(clamping: block.header.timestamp)) }

    /// What concerns us, in the block's order.
    ///
    /// - Throws: `ProviderError`.
    func findings() async throws(ProviderError) -> [Finding] {
        var observations: [Observation] = []
        var arrivals: [Arrival] = []
        for (index, transaction) in block.transactions.enumerated() {
            let receipt = receipts[index]
            if let sender = transaction.provenSender, isOurs(sender) {
                observations += try ownTransfers(transaction, receipt, by: sender)
            }
            if receipt.receipt.isSuccess, transaction.value > 0, let to = transaction.to,
                !isInternal(from: transaction.sender, to: to)
            {
                if let found = try await coinTransfer(transaction, to: to) { observations.append(found) }
            }
            arrivals += tokenArrivals(receipt, index)
        }
        observations += try await credits(arrivals)
        return observations.map { Finding(observation: $0, block: block.number) }
    }

    private func isWallet(_ address: EVMAddress) -> Bool {
        address == provider.hotAddress || address == provider.gasAddress
    }

    private func isOurs(_ address: EVMAddress) -> Bool { isWallet(address) || watched.contains(address.lowercased) }

    /// Whether money stays with us: what the hot wallet sends is a payout, also when it pays one of our own invoices.
    private func isInternal(from sender: EVMAddress, to receiver: EVMAddress) -> Bool {
        isOurs(sender) && sender != provider.hotAddress && isOurs(receiver)
    }

    // MARK: - Coins

    private func coinTransfer(
        _ transaction: ChainTransaction,
        to: EVMAddress
    ) async throws(ProviderError) -> Observation? {
        let amount = try amount(transaction.value, provider.coin)
        if isWallet(to) {
            // By the hash alone: in whichever block it ends up, it happens once.
            let key = NaturalKey("evm", chain, transaction.hash.description, "coin")
            return movement(key, amount, from: transaction.provenSender)
        }
        guard watched.contains(to.lowercased) else { return nil }
        return .incoming(
            IncomingTransfer(
                naturalKey: key(transaction.hash, "coin"),
                reference: provider.reference(to: to),
                amount: amount,
                payer: transaction.sender.description,
                refundTarget: try await refundTarget(transaction.provenSender),
                evidence: evidence(transaction.hash, log: nil),
                occurredAt: moment,
                availableAt: moment
            )
        )
    }

    /// What comes to the wallets themselves is no payment: the operator's own money, what was in cold storage, or nobody
    /// knows.
    private func movement(_ key: NaturalKey, _ amount: Amount, from sender: EVMAddress?) -> Observation {
        let configuration = provider.configuration
        let (kind, reason): (AccountMovement.Kind, String) =
            switch sender {
            case let sender? where configuration.operators.contains(sender): (.ownFunds, "put in by the operator")
            case let sender? where configuration.coldWallets.contains(sender):
                (.coldStorage, "came back from cold storage")
            default: (.unexplained, "sent to the wallet itself, for no invoice")
            }
        return .movement(
            AccountMovement(naturalKey: key, kind: kind, amount: amount, reason: reason, occurredAt: moment)
        )
    }

    /// A refund goes to who has signed, unless that is a contract: it may not be able to take it.
    private func refundTarget(_ sender: EVMAddress?) async throws(ProviderError) -> String? {
        guard let sender, try await !provider.client.hasCode(sender) else { return nil }
        return sender.description
    }

    // MARK: - Tokens

    private func tokenArrivals(_ receipt: ChainReceipt, _ index: Int) -> [Arrival] {
        guard receipt.receipt.isSuccess else { return [] }
        return zip(receipt.receipt.logs, receipt.logIndexes).compactMap { log, logIndex in
            guard let token = provider.token(at: log.address), let transfer = try? ERC20Transfer(log),
                transfer.amount > 0, isOurs(transfer.to), !isInternal(from: transfer.from, to: transfer.to)
            else { return nil }
            return Arrival(token: token, transfer: transfer, index: index, logIndex: logIndex)
        }
    }

    /// The credits of the block: what its logs show, and never more than the accounts' balances grew by, because a token
    /// may keep a part of each transfer.
    private func credits(_ arrivals: [Arrival]) async throws(ProviderError) -> [Observation] {
        guard !arrivals.isEmpty else { return [] }
        let holdings = Set(arrivals.map { EVMClient.Holding(owner: $0.transfer.to, token: $0.token.contract) })
        let asked = Array(holdings)
        let after = try await provider.client.balances(asked, after: block.hash)
        let before = try await provider.client.balances(asked, after: block.header.parent)
        var growth: [EVMClient.Holding: BigUInt] = [:]
        for (index, holding) in asked.enumerated() {
            growth[holding] = after[index] > before[index] ? after[index] - before[index] : 0
        }
        var observations: [Observation] = []
        for arrival in arrivals {
            let holding = EVMClient.Holding(owner: arrival.transfer.to, token: arrival.token.contract)
            let credited = min(arrival.transfer.amount, growth[holding] ?? 0)
            growth[holding] = (growth[holding] ?? 0) - credited
            observations.append(try await credit(arrival, credited))
        }
        return observations
    }

    private func credit(_ arrival: Arrival, _ units: BigUInt) async throws(ProviderError) -> Observation {
        let transaction = block.transactions[arrival.index]
        let log = "\(arrival.logIndex)"
        guard units > 0 else {
            return .ignored(naturalKey: key(transaction.hash, log), reason: "the account's balance did not grow")
        }
        let amount = try amount(units, arrival.token.asset)
        if isWallet(arrival.transfer.to) {
            let position = receipts[arrival.index].logIndexes.firstIndex(of: arrival.logIndex) ?? 0
            let key = NaturalKey("evm", chain, transaction.hash.description, "log", "\(position)")
            return movement(key, amount, from: arrival.transfer.from)
        }
        return .incoming(
            IncomingTransfer(
                naturalKey: key(transaction.hash, log),
                reference: provider.reference(to: arrival.transfer.to),
                amount: amount,
                payer: arrival.transfer.from.description,
                refundTarget: try await refundTarget(arrival.transfer.from),
                evidence: evidence(transaction.hash, log: arrival.logIndex),
                occurredAt: moment,
                availableAt: moment
            )
        )
    }

    // MARK: - Our own transfers

    /// What one of our accounts has sent.
    ///
    /// The hot wallet's are booked with the payout that has their number, unexplained when none has it; between our own
    /// accounts only the fee is gone.
    private func ownTransfers(
        _ transaction: ChainTransaction,
        _ receipt: ChainReceipt,
        by sender: EVMAddress
    ) throws(ProviderError) -> [Observation] {
        let isSuccess = receipt.receipt.isSuccess
        let leaves = isSuccess && !(transaction.to.map { isInternal(from: sender, to: $0) } ?? false)
        let value = leaves ? transaction.value : 0
        let hash = sender == provider.hotAddress ? provider.transferName(nonce: transaction.nonce) : ""
        var observations: [Observation] = []
        if sender == provider.hotAddress {
            observations.append(try sent(transaction, hash, "coin", receipt.fee + value, provider.coin))
        } else {
            observations.append(try fee(of: transaction, receipt))
            if value > 0 { observations.append(try sent(transaction, hash, "coin", value, provider.coin)) }
        }
        guard isSuccess else { return observations }
        for (position, log) in receipt.receipt.logs.enumerated() {
            guard let token = provider.token(at: log.address), let transfer = try? ERC20Transfer(log),
                isOurs(transfer.from), !isInternal(from: transfer.from, to: transfer.to), transfer.amount > 0
            else { continue }
            observations.append(try sent(transaction, hash, "log\(position)", transfer.amount, token.asset))
        }
        return observations
    }

    private func fee(of transaction: ChainTransaction, _ receipt: ChainReceipt) throws(ProviderError) -> Observation {
        let amount: Amount
        do { amount = try self.amount(receipt.fee, provider.coin).negated() } catch {
            throw ProviderError(.malformed, "\(error)")
        }
        return .movement(
            AccountMovement(
                naturalKey: NaturalKey("evm", chain, transaction.hash.description, "fee"),
                kind: .networkFee,
                amount: amount,
                reason: "money moved between our own accounts",
                occurredAt: moment
            )
        )
    }

    private func sent(
        _ transaction: ChainTransaction,
        _ hash: String,
        _ part: String,
        _ units: BigUInt,
        _ asset: AssetID
    ) throws(ProviderError) -> Observation {
        let key = NaturalKey("evm", chain, transaction.hash.description, "sent", part)
        let amount: Amount
        do { amount = try self.amount(units, asset).negated() } catch { throw ProviderError(.malformed, "\(error)") }
        let movement = AccountMovement(
            naturalKey: key,
            kind: .unexplained,
            amount: amount,
            reason: "sent by the wallet's key",
            occurredAt: moment
        )
        return .sent(SentTransfer(naturalKey: key, hash: hash, movement: movement))
    }

    // MARK: - Parts

    /// With the hash of the block: what a reorganisation moves to another block is another payment.
    private func key(_ transaction: EVMHash, _ part: String) -> NaturalKey {
        NaturalKey("evm", chain, block.hash.description, transaction.description, part)
    }

    private func amount(_ units: BigUInt, _ asset: AssetID) throws(ProviderError) -> Amount {
        guard let value = Int256(exactly: BigInt(units)) else {
            throw ProviderError(.malformed, "an amount needs more than 255 bits")
        }
        return Amount(asset: asset, units: value)
    }

    private func evidence(_ transaction: EVMHash, log: UInt64?) -> String {
        var members: [JSONValue.Member] = [
            .init("chain", .string(chain)), .init("block", .string("\(block.number)")),
            .init("block_hash", .string(block.hash.description)), .init("hash", .string(transaction.description)),
        ]
        if let log { members.append(.init("log", .string("\(log)"))) }
        return JSONValue.object(members).text
    }
}
