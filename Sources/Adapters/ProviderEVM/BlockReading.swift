import BigInt
import EVM
import Money
import Payments
import Providers
import Seams
import StrictJSON

/// Translates a block into observations: the only place with the rules for crediting money on an EVM chain.
///
/// Receipts decide, by their status and by logs of contracts on the allow-list; a call's own data never does. Balances
/// complete them, so that the observations of an account add up to the change of its balance (``BalanceChange``).
struct BlockReading {
    /// An observation, and its block.
    struct Finding {
        let observation: Observation
        let block: UInt64
    }

    /// Facts that the block does not contain.
    struct State {
        /// Our accounts' balances before and after the block; missing where the nodes have forgotten them, or a token's
        /// contract does not state them.
        var balances: [EVMClient.Holding: BalanceChange] = [:]
        /// The payers that are contracts.
        var contracts: Set<EVMAddress> = []
    }

    let provider: EVMProvider
    let block: ChainBlock
    let accounts: OwnAccounts
    /// The changes that the block shows, in its order.
    let changes: [ChangeInBlock]

    init(provider: EVMProvider, block: ChainBlock, receipts: [ChainReceipt], watched: Set<String>) {
        self.provider = provider
        self.block = block
        accounts = provider.accounts(watched)
        changes =
            ShownChanges(
                block: block,
                receipts: receipts,
                accounts: accounts,
                tokens: Set(provider.configuration.tokens.map(\.contract))
            ).all
    }

    private var chain: String { "\(provider.configuration.chainID)" }
    private var moment: Timestamp { Timestamp(seconds: Int64(clamping: block.header.timestamp)) }

    // MARK: - What has to be asked

    /// The balances that the block has changed.
    var holdings: [EVMClient.Holding] {
        var all = changes.map(\.holding)
        // Fees that others pay to a block's maker leave no trace of their own.
        if accounts.contain(block.header.beneficiary) {
            all.append(.init(owner: block.header.beneficiary, token: nil))
        }
        var known: Set<EVMClient.Holding> = []
        return all.filter { known.insert($0).inserted }
    }

    /// The payers: a refund goes to the payer, unless it is a contract, which may not be able to accept it.
    var payers: Set<EVMAddress> {
        Set(
            changes.compactMap { change in
                guard case .arrived(_, let signer?) = change.cause else { return nil }
                return signer
            }
        )
    }

    /// What accounts held before the block and after it, and what of an option's nothing in the block explains.
    private func marks(_ state: State, _ rests: [EVMClient.Holding: BigInt]) -> [BalanceMark] {
        let place = BlockLocator.Place(number: block.number, hash: block.hash)
        return holdings.map { holding in
            provider.mark(
                holding,
                state.balances[holding],
                rest: accounts.isWallet(holding.owner) ? 0 : rests[holding] ?? 0,
                recorded: recorded(of: holding),
                in: place,
                at: moment
            )
        }
    }

    /// The recorded change of a holding whose balance is unknown: arriving tokens are set aside then, and everything
    /// else is recorded as the block shows it.
    private func recorded(of holding: EVMClient.Holding) -> BigInt {
        changes.filter { $0.holding == holding }.reduce(0) { sum, change in
            if holding.token != nil, case .arrived = change.cause { sum } else { sum + change.units }
        }
    }

    // MARK: - Observations

    /// What our accounts held, what concerns us in the block's order, and then what nothing in it explains of what our
    /// wallets hold; what no amount can hold is set aside.
    func findings(_ state: State) -> [Finding] {
        var units = changes.map(\.units)
        var rests: [EVMClient.Holding: BigInt] = [:]
        for holding in holdings {
            guard let change = state.balances[holding] else { continue }
            let places = changes.indices.filter { changes[$0].holding == holding }
            let shown = places.map { changes[$0].units }
            let explanation = change.explained(by: shown, keepsParts: holding.token != nil)
            for (place, part) in zip(places, explanation.shown) { units[place] = part }
            rests[holding] = explanation.rest
        }
        var observations = marks(state, rests).map { Observation.mark($0) }
        for (change, units) in zip(changes, units) {
            if let found = observation(of: change, units, state) { observations.append(found) }
        }
        for holding in holdings where accounts.isWallet(holding.owner) {
            if let units = rests[holding], units != 0 { observations.append(unexplained(units, of: holding)) }
        }
        return observations.map { Finding(observation: $0, block: block.number) }
    }

    /// The observation of a change by which `units` have reached the account, or left it.
    private func observation(
        of change: ChangeInBlock,
        _ units: BigInt,
        _ state: State
    ) -> Observation? {
        if case .moved = change.cause, units == change.units { return nil }
        guard let amount = amount(units, of: change.holding) else {
            let key = naturalKey(change.place, "too-large", change.holding.owner.lowercased)
            return tooLarge(key, units, change.holding)
        }
        switch change.cause {
        case .sent(let part, let name, let receiver, let paid):
            let key = naturalKey(change.place, "sent", part)
            let movement = movement(key, .unexplained, amount, "sent by the wallet's key", at: change)
            let signature = signature(of: change, to: receiver, paid)
            return .sent(
                SentTransfer(
                    naturalKey: key,
                    hash: name,
                    movement: movement,
                    signature: signature,
                    moved: moved(with: change)
                )
            )
        case .fee:
            let key = naturalKey(change.place, "fee")
            return .movement(movement(key, .networkFee, amount, "money moved between our own accounts", at: change))
        case .moved:
            let key = naturalKey(change.place, "kept")
            guard let kept = self.amount(units - change.units, of: change.holding) else {
                return tooLarge(key, units - change.units, change.holding)
            }
            let reason = "the token kept a part on the way between our own accounts"
            return .movement(movement(key, .networkFee, kept, reason, at: change))
        case .arrived(let payer, let signer):
            let key = arrivalKey(change.place)
            guard change.holding.token == nil || state.balances[change.holding] != nil else {
                return untold(naturalKey(change.place, "untold"), change)
            }
            guard units > 0 else {
                // The balance may grow in another block, so that the key names this block.
                let ignored = NaturalKey(stored: "\(key.text) in \(block.hash)")
                return .ignored(naturalKey: ignored, reason: "the account's balance did not grow")
            }
            if accounts.isWallet(change.holding.owner), let own = own(key, amount, from: signer, at: change) {
                return .movement(own)
            }
            // Only we have the sender's key: the payment can be assigned to an invoice, but not returned to the sender.
            if accounts.isWallet(change.holding.owner), let option = emptied(by: change.place) {
                return .incoming(incoming(key, amount, change, payer: nil, refundTarget: nil, emptied: option))
            }
            let target = signer.flatMap { state.contracts.contains($0) ? nil : $0 }
            return .incoming(incoming(key, amount, change, payer: payer, refundTarget: target))
        case .withdrawn:
            let key = naturalKey(change.place)
            guard !accounts.isWallet(change.holding.owner) else {
                let reason = "paid out to a validator's account (EIP-4895)"
                return .movement(movement(key, .unexplained, amount, reason, at: change))
            }
            return .incoming(incoming(key, amount, change, payer: nil, refundTarget: nil))
        }
    }

    /// How much of the same asset the chain transaction of a change has moved from the same account, in all its logs
    /// together.
    private func moved(with change: ChangeInBlock) -> Amount? {
        let all = changes.filter { $0.holding == change.holding && $0.place.transaction == change.place.transaction }
        let paid = all.reduce(BigInt(0)) { sum, change in
            if case .sent(_, _, _, let paid) = change.cause { sum + paid } else { sum }
        }
        return amount(paid, of: change.holding)
    }

    /// The signature behind a change, with its receiver; without a number where somebody else was allowed to move the
    /// money.
    private func signature(
        of change: ChangeInBlock,
        to receiver: EVMAddress?,
        _ paid: BigInt
    ) -> WalletSignature? {
        guard let index = change.place.transaction else { return nil }
        let transaction = block.transactions[index]
        let owner = change.holding.owner
        var payments: [SentPayment] = []
        if let receiver, paid > 0, let amount = amount(paid, of: change.holding) {
            payments.append(SentPayment(destination: receiver.lowercased, amount: amount))
        }
        return WalletSignature(
            wallet: owner.lowercased,
            number: transaction.provenSender == owner ? Int64(clamping: transaction.nonce) : nil,
            evidence: transaction.hash.description,
            payments: payments
        )
    }

    /// What no transfer of the block shows of a wallet; of an option's account its mark tells.
    ///
    /// Coins that a contract has passed on, fees of a block's maker, tokens that their contract has given or taken without a
    /// log.
    private func unexplained(_ units: BigInt, of holding: EVMClient.Holding) -> Observation {
        let owner = holding.owner
        let asset = holding.token?.lowercased ?? "coin"
        let key = NaturalKey("evm", chain, block.hash.description, owner.lowercased, asset, "unexplained")
        guard let amount = amount(units, of: holding) else { return tooLarge(key, units, holding) }
        let reason = units > 0 ? "came without a trace in the block" : "left without a trace in the block"
        return .movement(movement(key, .unexplained, amount, reason, of: owner))
    }

    /// The movement of money that the operator or cold storage sent to the wallets themselves; nil for other senders.
    ///
    /// Money from others is an unmatched payment, which can be claimed, assigned and returned like any other.
    private func own(
        _ key: NaturalKey,
        _ amount: Amount,
        from sender: EVMAddress?,
        at change: ChangeInBlock
    ) -> AccountMovement? {
        let configuration = provider.configuration
        return switch sender {
        case let sender? where configuration.operators.contains(sender):
            movement(key, .ownFunds, amount, "put in by the operator", at: change)
        case let sender? where configuration.coldWallets.contains(sender):
            movement(key, .coldStorage, amount, "came back from cold storage", at: change)
        default: nil
        }
    }

    private func movement(
        _ key: NaturalKey,
        _ kind: AccountMovement.Kind,
        _ amount: Amount,
        _ reason: String,
        at change: ChangeInBlock
    ) -> AccountMovement {
        let transaction = change.place.transaction
        return movement(key, kind, amount, reason, of: change.holding.owner, in: transaction)
    }

    /// A movement of an account; without a chain transaction, only its block is known.
    private func movement(
        _ key: NaturalKey,
        _ kind: AccountMovement.Kind,
        _ amount: Amount,
        _ reason: String,
        of owner: EVMAddress,
        in transaction: Int? = nil
    ) -> AccountMovement {
        AccountMovement(
            naturalKey: key,
            kind: kind,
            amount: amount,
            reason: reason,
            place: RailPlace(
                network: chain,
                account: owner.description,
                transaction: transaction.map { block.transactions[$0].hash.description },
                block: transaction == nil ? block.hash.description : nil
            ),
            occurredAt: moment
        )
    }

    private func incoming(
        _ key: NaturalKey,
        _ amount: Amount,
        _ change: ChangeInBlock,
        payer: EVMAddress?,
        refundTarget: EVMAddress?,
        emptied option: PaymentOptionID? = nil
    ) -> IncomingTransfer {
        IncomingTransfer(
            naturalKey: key,
            reference: provider.reference(to: change.holding.owner),
            amount: amount,
            payer: payer?.description,
            refundTarget: refundTarget?.description,
            evidence: evidence(change.place, option),
            occurredAt: moment,
            availableAt: moment
        )
    }

    /// The option whose address the chain transaction of a change has emptied, where the database does not have the
    /// address.
    private func emptied(by place: ChangeInBlock.Place) -> PaymentOptionID? {
        place.transaction.flatMap { provider.option(emptiedBy: block.transactions[$0]) }
    }

    // MARK: - Parts

    /// The key has only the hash of the chain transaction, and the place of a log in it, so that it stays the same when
    /// a reorganisation moves the chain transaction to another block.
    private func naturalKey(_ place: ChangeInBlock.Place, _ parts: String...) -> NaturalKey {
        switch place {
        case .coin(let index):
            NaturalKey(["evm", chain, block.transactions[index].hash.description] + parts)
        case .log(let index, let position, _):
            NaturalKey(
                ["evm", chain, block.transactions[index].hash.description]
                    + (parts.first == "sent" ? parts : ["log", "\(position)"] + parts)
            )
        case .withdrawal(let number): NaturalKey(["evm", chain, "withdrawal", "\(number)"] + parts)
        }
    }

    private func arrivalKey(_ place: ChangeInBlock.Place) -> NaturalKey {
        if case .coin = place { return naturalKey(place, "coin") }
        return naturalKey(place)
    }

    private func asset(of holding: EVMClient.Holding) -> AssetID {
        holding.token.flatMap { provider.token(at: $0) }?.asset ?? provider.coin
    }

    /// An amount; nil when it is too large to be booked.
    private func amount(_ units: BigInt, of holding: EVMClient.Holding) -> Amount? {
        AmountSum(of: asset(of: holding), units: units).booked
    }

    /// The observation of an arrival in a log, when the token's contract does not state the account's balance.
    ///
    /// The amount is unknown, because a token may log more than it moves.
    private func untold(_ key: NaturalKey, _ change: ChangeInBlock) -> Observation {
        let found = SetAside(
            naturalKey: key,
            account: change.holding.owner.description,
            asset: asset(of: change.holding),
            units: nil,
            cause: .unreadable,
            explanation:
                "a log shows \(change.units) units, and the token's contract does not state the account's balance",
            occurredAt: moment
        )
        return .setAside(found, bytes: Array("block \(block.number) \(block.hash)".utf8))
    }

    private func tooLarge(_ key: NaturalKey, _ units: BigInt, _ holding: EVMClient.Holding) -> Observation {
        let found = SetAside(
            naturalKey: key,
            account: holding.owner.description,
            asset: asset(of: holding),
            units: "\(units)",
            cause: .tooLarge,
            explanation: "a change of a balance needs more than \(AmountSum.bookedBits) bits",
            occurredAt: moment
        )
        return .setAside(found, bytes: Array("block \(block.number) \(block.hash)".utf8))
    }

    private func evidence(_ place: ChangeInBlock.Place, _ emptied: PaymentOptionID?) -> String {
        var members: [JSONValue.Member] = [
            .init("chain", .string(chain)), .init("block", .string("\(block.number)")),
            .init("block_hash", .string(block.hash.description)),
        ]
        switch place {
        case .coin(let index): members.append(.init("hash", .string(block.transactions[index].hash.description)))
        case .log(let index, _, let number):
            members.append(.init("hash", .string(block.transactions[index].hash.description)))
            members.append(.init("log", .string("\(number)")))
        case .withdrawal(let number): members.append(.init("withdrawal", .string("\(number)")))
        }
        if let emptied { members.append(.init("option", .string(emptied.text))) }
        return JSONValue.object(members).text
    }
}
