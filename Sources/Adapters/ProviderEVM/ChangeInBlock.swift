import BigInt
import EVM

/// A change of one of our accounts' balances that the block itself shows.
struct ChangeInBlock: Hashable, Sendable {
    /// The cause of the change.
    enum Cause: Hashable, Sendable {
        /// It was sent by the account's key, or by somebody with the account's allowance.
        ///
        /// `name` is the name of the hot wallet's transfer, and `to` receives `paid` of it.
        case sent(part: String, name: String, to: EVMAddress?, paid: BigInt)
        /// The fee of a chain transaction of an account other than the hot wallet.
        case fee
        /// It came from outside; `operated` is the proven signer.
        case arrived(payer: EVMAddress, operated: EVMAddress?)
        /// It moved between two of our accounts, and the other one has the opposite change.
        case moved
        /// The chain paid it to a validator's account (EIP-4895).
        case withdrawn
    }

    /// Its place in the block.
    enum Place: Hashable, Sendable {
        /// A chain transaction's own coins.
        case coin(transaction: Int)
        /// A log, by its number in the chain transaction and in the block.
        case log(transaction: Int, position: Int, number: UInt64)
        /// A withdrawal, by its number on the chain.
        case withdrawal(UInt64)

        /// The chain transaction's place in the block; nil when there is none.
        var transaction: Int? {
            switch self {
            case .coin(let index), .log(let index, _, _): index
            case .withdrawal: nil
            }
        }
    }

    /// The account and the asset.
    let holding: EVMClient.Holding
    /// By how much the balance grew, as the block shows.
    let units: BigInt
    let cause: Cause
    let place: Place
}

/// Reads the changes of our accounts from a block and its receipts.
struct ShownChanges {
    let block: ChainBlock
    let receipts: [ChainReceipt]
    let accounts: OwnAccounts
    let tokens: Set<EVMAddress>

    /// The changes in the block's order.
    var all: [ChangeInBlock] {
        var changes: [ChangeInBlock] = []
        for (index, (transaction, receipt)) in zip(block.transactions, receipts).enumerated() {
            changes += coins(transaction, receipt, index)
            guard receipt.receipt.isSuccess else { continue }
            for (position, (log, number)) in zip(receipt.receipt.logs, receipt.logIndexes).enumerated() {
                let place = ChangeInBlock.Place.log(transaction: index, position: position, number: number)
                changes += self.tokens(log, place, by: transaction)
            }
        }
        for withdrawal in block.withdrawals where accounts.contain(withdrawal.address) && withdrawal.wei > 0 {
            changes.append(
                ChangeInBlock(
                    holding: .init(owner: withdrawal.address, token: nil),
                    units: BigInt(withdrawal.wei),
                    cause: .withdrawn,
                    place: .withdrawal(withdrawal.index)
                )
            )
        }
        return changes
    }

    /// The coins of a chain transaction; coins that an account sends to itself never leave it.
    private func coins(_ transaction: ChainTransaction, _ receipt: ChainReceipt, _ index: Int) -> [ChangeInBlock] {
        let place = ChangeInBlock.Place.coin(transaction: index)
        let sender = transaction.provenSender
        let value = receipt.receipt.isSuccess && transaction.to != sender ? BigInt(transaction.value) : 0
        let isMove = accounts.isMove(from: sender, to: transaction.to)
        var changes: [ChangeInBlock] = []
        func add(_ owner: EVMAddress, _ units: BigInt, _ cause: ChangeInBlock.Cause) {
            let holding = EVMClient.Holding(owner: owner, token: nil)
            changes.append(ChangeInBlock(holding: holding, units: units, cause: cause, place: place))
        }
        if let sender, accounts.contain(sender) {
            let fee = BigInt(receipt.fee)
            if let name = accounts.name(of: transaction) {
                add(sender, -fee - value, .sent(part: "coin", name: name, to: transaction.to, paid: value))
            } else {
                add(sender, -fee, .fee)
                let sent = ChangeInBlock.Cause.sent(part: "coin", name: "", to: transaction.to, paid: value)
                if value > 0 { add(sender, -value, isMove ? .moved : sent) }
            }
        }
        if let to = transaction.to, accounts.contain(to), value > 0 {
            add(to, value, isMove ? .moved : .arrived(payer: transaction.sender, operated: sender))
        }
        return changes
    }

    private func tokens(
        _ log: EVMLog,
        _ place: ChangeInBlock.Place,
        by transaction: ChainTransaction
    ) -> [ChangeInBlock] {
        guard tokens.contains(log.address), let transfer = try? ERC20Transfer(log), transfer.amount > 0,
            transfer.from != transfer.to, case .log(_, let position, _) = place
        else { return [] }
        let isMove = accounts.isMove(from: transfer.from, to: transfer.to)
        var changes: [ChangeInBlock] = []
        func add(_ owner: EVMAddress, _ units: BigInt, _ cause: ChangeInBlock.Cause) {
            let holding = EVMClient.Holding(owner: owner, token: log.address)
            changes.append(ChangeInBlock(holding: holding, units: units, cause: cause, place: place))
        }
        if accounts.contain(transfer.from) {
            let name = transfer.from == accounts.hot ? accounts.name(of: transaction) : nil
            let paid = BigInt(transfer.amount)
            let part = "log\(position)"
            let cause = ChangeInBlock.Cause.sent(part: part, name: name ?? "", to: transfer.to, paid: paid)
            add(transfer.from, -paid, isMove ? .moved : cause)
        }
        if accounts.contain(transfer.to) {
            let cause = ChangeInBlock.Cause.arrived(payer: transfer.from, operated: transfer.from)
            add(transfer.to, BigInt(transfer.amount), isMove ? .moved : cause)
        }
        return changes
    }
}

/// Our accounts that matter for a block.
struct OwnAccounts: Hashable, Sendable {
    let hot: EVMAddress
    let gas: EVMAddress
    /// Addresses of options, in lower case.
    let options: Set<String>
    let chain: UInt64

    func isWallet(_ address: EVMAddress) -> Bool { address == hot || address == gas }

    func contain(_ address: EVMAddress) -> Bool { isWallet(address) || options.contains(address.lowercased) }

    /// Whether money stays with us; a transfer of the hot wallet is a payout, even when it pays one of our own
    /// invoices.
    func isMove(from sender: EVMAddress?, to receiver: EVMAddress?) -> Bool {
        guard let sender, let receiver else { return false }
        return contain(sender) && contain(receiver) && sender != hot
    }

    /// The name of a chain transaction of the hot wallet; nil when another account has sent it.
    func name(of transaction: ChainTransaction) -> String? {
        transaction.provenSender == hot ? Self.name(chain: chain, hot: hot, nonce: transaction.nonce) : nil
    }

    static func name(chain: UInt64, hot: EVMAddress, nonce: UInt64) -> String {
        "evm:\(chain):\(hot.lowercased):\(nonce)"
    }
}
