import TON

/// The execution of messages into chain transactions.
extension ChainState {
    /// The state of a chain transaction while it is executed.
    struct Execution {
        let address: TONAddress
        var account: Account
        let original: AccountStatus
        let lt: UInt64
        let time: UInt32
        let block: UInt32
        var storage: UInt128 = 0
        var fees: UInt128 = 0
        var out: [InternalMessage] = []
        /// Whether a message took all coins and deleted the account (send mode 128 + 32).
        var isDestroyed = false
    }

    private mutating func begin(_ address: TONAddress, at time: UInt32, in block: UInt32) -> Execution {
        let account = account(address)
        var execution = Execution(
            address: address,
            account: account,
            original: account.lastLT == 0 && account.balance == 0 ? .nonexistent : account.status,
            lt: nextLT(),
            time: time,
            block: block
        )
        if account.code != nil, account.balance >= Fee.storage {
            execution.storage = Fee.storage
            execution.fees = Fee.storage
            execution.account.balance -= Fee.storage
        }
        return execution
    }

    /// Writes the chain transaction, links it to the one before, and queues its messages.
    private mutating func finish(
        _ execution: Execution,
        _ message: Message,
        _ description: TransactionDescription
    ) throws(TONError) {
        var account = execution.account
        let sent = execution.out.enumerated().map { index, message in
            var message = message
            message.source = execution.address
            message.createdLT = execution.lt + UInt64(index) + 1
            message.createdAt = execution.time
            return message
        }
        let transaction = try ChainTransaction(
            account: execution.address.hash,
            lt: execution.lt,
            previousHash: account.lastHash,
            previousLT: account.lastLT,
            now: execution.time,
            originalStatus: execution.original,
            endStatus: execution.isDestroyed ? .nonexistent : account.status,
            inMessage: message,
            outMessages: sent.map { .internal($0) },
            totalFees: execution.fees,
            stateUpdate: .init(old: .zero, new: .zero),
            description: description
        )
        let entry = try written(transaction, at: execution.address, in: execution.block)
        account.lastLT = execution.lt
        account.lastHash = entry.hash
        account.history.append(entry)
        if execution.isDestroyed {
            // A later account at this address begins a history of its own.
            (account.code, account.data, account.lastLT, account.lastHash) = (nil, nil, 0, .zero)
        }
        accounts[execution.address] = account
        untold.append(
            News(address: execution.address, entry: entry, balance: account.balance, status: account.status)
        )
        burnt += execution.fees
        internals += sent
    }

    /// The chain transaction for the history: plain, or rewritten by a queued rule.
    private mutating func written(
        _ plain: ChainTransaction,
        at address: TONAddress,
        in block: UInt32
    ) throws(TONError) -> Entry {
        guard case .internal = plain.inMessage, let rewriting = rewritings[address]?.first else {
            return Entry(
                cell: plain.cell,
                head: try TransactionHead(parsing: plain.cell),
                transaction: plain,
                block: block
            )
        }
        rewritings[address]?.removeFirst()
        let cell = try rewriting(plain.cell)
        let head = try TransactionHead(parsing: cell)
        return Entry(cell: cell, head: head, transaction: try? ChainTransaction(parsing: cell), block: block)
    }

    // MARK: - Messages from outside

    /// Why a wallet would not take a message from outside; returns nil when it would.
    func refusal(of message: ExternalInMessage, at time: UInt32) -> String? {
        let account = account(message.destination)
        let state = account.code.map { StateInit(code: $0, data: account.data) } ?? message.stateInit
        guard let state, let code = state.code, let data = state.data else {
            return "cannot apply external message to current state : Failed to unpack account state"
        }
        if account.code == nil, (try? state.address(workchain: message.destination.workchain)) != message.destination {
            return "cannot apply external message to current state : Failed to unpack account state"
        }
        guard account.balance > Fee.importing + Fee.gas else {
            return "cannot apply external message to current state : External message was not accepted"
        }
        switch WalletRules.verdict(on: message.body, code: code, data: data, at: time) {
        case .refused(let exitCode): return Self.notAccepted(exitCode: exitCode)
        case .accepted: return nil
        }
    }

    private static func notAccepted(exitCode: Int32) -> String {
        "cannot apply external message to current state : External message was not accepted\n"
            + "Cannot run message on account: inbound external message rejected by transaction: exitcode=\(exitCode)"
    }

    mutating func execute(external message: ExternalInMessage, at time: UInt32, in block: UInt32) throws(TONError) {
        // A message that is not accepted changes nothing, and makes no chain transaction.
        guard refusal(of: message, at: time) == nil else { return }
        var execution = begin(message.destination, at: time, in: block)
        let isDeploying = execution.account.code == nil
        if isDeploying {
            execution.account.code = message.stateInit?.code
            execution.account.data = message.stateInit?.data
        }
        guard let code = execution.account.code, let data = execution.account.data,
            case .accepted(let taken, let messages) = WalletRules.verdict(
                on: message.body,
                code: code,
                data: data,
                at: time
            )
        else { return }
        execution.fees += Fee.importing + Fee.gas
        execution.account.balance -= Fee.importing + Fee.gas
        execution.account.data = taken
        let action = try act(on: messages, of: &execution, inbound: 0)
        try finish(
            execution,
            .externalIn(message),
            TransactionDescription(
                storage: StoragePhase(collected: execution.storage),
                compute: .executed(.ok(exitCode: 0, activated: isDeploying)),
                action: action,
                aborted: !action.success
            )
        )
    }

    // MARK: - Messages between accounts

    mutating func execute(_ message: InternalMessage, at time: UInt32, in block: UInt32) throws(TONError) {
        // The forward fee goes to the validators.
        burnt += message.forwardFee
        var execution = begin(message.destination, at: time, in: block)
        execution.account.balance += message.value
        let credit = CreditPhase(credit: message.value)
        if execution.account.code == nil, let state = message.stateInit,
            try state.address(workchain: message.destination.workchain) == message.destination
        {
            execution.account.code = state.code
            execution.account.data = state.data
        }
        let before = execution.account.data
        let outcome = try Contract.run(message, on: execution.account, at: execution.address, time: time)
        var description = TransactionDescription(
            storage: execution.original == .nonexistent ? nil : StoragePhase(collected: execution.storage),
            credit: credit,
            compute: outcome.phase,
            aborted: false
        )
        if case .executed(let result) = outcome.phase {
            execution.fees += result.gasFees
            execution.account.balance -= min(result.gasFees, execution.account.balance)
        }
        if outcome.isSuccess {
            execution.account.data = outcome.data
            let action = try act(on: outcome.actions, of: &execution, inbound: message.value)
            description.action = action
            description.aborted = !action.success
            if !action.success { execution.account.data = before }
        } else {
            description.aborted = true
        }
        // A failed action phase bounces nothing without mode 16, which none of the contracts here uses.
        if !outcome.isSuccess, message.bounce, !message.bounced {
            description.bounce = try sendBack(message, from: &execution, phase: outcome.phase)
        }
        try finish(execution, .internal(message), description)
    }

    // MARK: - Actions

    /// Sends what a contract has asked for, as the send modes say.
    private func act(
        on actions: [OutgoingActions.Send],
        of execution: inout Execution,
        inbound: UInt128
    ) throws(TONError) -> ActionPhase {
        var phase = ActionPhase(success: true, totalActions: UInt16(actions.count), messagesCreated: 0)
        let start = execution
        for action in actions {
            guard case .internal(var message) = try Message(parsing: action.message) else { continue }
            let paysApart = action.mode & 1 != 0
            if action.mode & 128 != 0 {
                message.value = execution.account.balance
            } else if action.mode & 64 != 0 {
                message.value += inbound > Fee.gas ? inbound - Fee.gas : 0
            }
            let isAll = action.mode & 192 != 0
            let needed = paysApart && !isAll ? message.value + Fee.forward : message.value
            guard needed <= execution.account.balance, paysApart && !isAll || message.value >= Fee.forward else {
                guard action.mode & 2 == 0 else {
                    phase.skippedActions += 1
                    continue
                }
                execution = start
                return ActionPhase(
                    success: false,
                    noFunds: true,
                    resultCode: 37,
                    totalActions: UInt16(actions.count),
                    messagesCreated: 0
                )
            }
            if !paysApart || isAll { message.value -= Fee.forward }
            execution.account.balance -= needed
            execution.fees += Fee.forwardHere
            message.forwardFee = Fee.forward - Fee.forwardHere
            execution.out.append(message)
            execution.isDestroyed = action.mode & 160 == 160 && execution.account.balance == 0
            phase.messagesCreated += 1
        }
        let count = UInt128(phase.messagesCreated)
        phase.forwardFees = count == 0 ? nil : Fee.forward * count
        phase.actionFees = count == 0 ? nil : Fee.forwardHere * count
        return phase
    }

    /// Sends back money that a contract could not take, in the format for which the sender asked.
    private func sendBack(
        _ message: InternalMessage,
        from execution: inout Execution,
        phase: ComputePhase
    ) throws(TONError) -> BouncePhase {
        var gas: UInt128 = 0
        var exitCode: Int32 = 0
        if case .executed(let result) = phase { (gas, exitCode) = (result.gasFees, result.exitCode) }
        guard let source = message.source, message.value > gas + Fee.forward else {
            return .noFunds(requiredForwardFees: Fee.forward)
        }
        let body: Cell
        if message.extraFlags & 1 != 0 {
            body = try BouncedBody(
                originalBody: message.body,
                originalValue: message.value,
                originalLT: message.createdLT,
                originalCreatedAt: message.createdAt,
                phase: gas == 0 ? 0 : 1,
                exitCode: exitCode,
                gas: nil
            )
            .cell()
        } else {
            var builder = CellBuilder()
            try builder.store(uint: MessageBody.Op.bouncedLegacy, bits: 32)
            var original = message.body.slice()
            var left = min(256, original.remainingBits)
            while left > 0 {
                let count = min(64, left)
                try builder.store(uint: original.loadUInt(count), bits: count)
                left -= count
            }
            body = try builder.build()
        }
        let value = message.value - gas - Fee.forward
        execution.account.balance -= value + Fee.forward
        execution.fees += Fee.forwardHere
        execution.out = [
            InternalMessage(
                bounce: false,
                bounced: true,
                destination: source,
                value: value,
                forwardFee: Fee.forward - Fee.forwardHere,
                body: body
            )
        ]
        return .ok(messageFees: Fee.forwardHere, forwardFees: Fee.forward - Fee.forwardHere)
    }
}

extension ComputePhase.Result {
    static func ok(exitCode: Int32, activated: Bool = false) -> Self {
        Self(
            success: exitCode == 0 || exitCode == 1,
            activatedAccount: activated,
            gasFees: ChainState.Fee.gas,
            gasUsed: 1_250,
            gasLimit: 1_000_000,
            exitCode: exitCode,
            steps: 40
        )
    }
}
