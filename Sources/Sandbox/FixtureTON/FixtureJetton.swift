import TON

/// Jetton wallets as TEP-74 and the stablecoin's contract describe them.
enum FixtureJetton {
    /// The code of a jetton wallet here: only a marker, because nothing runs it.
    static func code(_ layout: JettonWalletLayout) -> Cell {
        mark(layout == .standard ? "fixture jetton wallet" : "fixture stablecoin wallet")
    }

    /// The code of a counterfeit: it behaves like a jetton wallet, but is not the configured code.
    static let counterfeitCode = mark("fixture counterfeit wallet")
    /// The code of a contract that refuses every message.
    static let refusingCode = mark("fixture refusing contract")
    /// The code of a contract that fails while it sends.
    static let swallowingCode = mark("fixture swallowing contract")

    private static func mark(_ text: String) -> Cell {
        do { return try MessageBody.cell(comment: Array(text.utf8)) } catch {
            preconditionFailure("a short text fits a cell: \(error)")
        }
    }

    static func layout(ofCode code: Cell) -> JettonWalletLayout? {
        if code == self.code(.standard) || code == counterfeitCode { return .standard }
        return code == self.code(.stablecoin) ? .stablecoin : nil
    }

    /// The coins that a jetton wallet keeps for its own rent, in nanotons.
    private static let reserve: UInt128 = 10_000_000

    static func run(
        _ message: InternalMessage,
        data: Cell,
        code: Cell,
        layout: JettonWalletLayout,
        at address: TONAddress
    ) throws(TONError) -> Contract.Outcome {
        var wallet = try JettonWallet(parsing: data, layout: layout)
        if message.bounced {
            wallet.balance += try returnedAmount(message.body)
            return try done(wallet, code, layout, [])
        }
        switch MessageBody(reading: message.body) {
        case .jettonTransfer(let transfer):
            guard message.source == wallet.owner else { return Contract.failure(layout == .standard ? 705 : 73, data) }
            guard let destination = transfer.destination else { return Contract.failure(333, data) }
            guard wallet.balance >= transfer.amount else {
                return Contract.failure(layout == .standard ? 706 : 47, data)
            }
            let needed = transfer.forwardAmount + 2 * ChainState.Fee.forward + 2 * ChainState.Fee.gas + reserve
            guard message.value > needed else { return Contract.failure(layout == .standard ? 709 : 48, data) }
            wallet.balance -= transfer.amount
            let state = try JettonWallet.stateInit(
                owner: destination,
                master: wallet.master,
                code: code,
                layout: layout
            )
            let credit = JettonInternalTransfer(
                queryID: transfer.queryID,
                amount: transfer.amount,
                from: wallet.owner,
                responseAddress: transfer.responseDestination,
                forwardAmount: transfer.forwardAmount,
                forwardPayload: transfer.forwardPayload
            )
            let out = InternalMessage(
                bounce: true,
                destination: try state.address(),
                value: 0,
                stateInit: state,
                body: try credit.cell()
            )
            return try done(wallet, code, layout, [try .init(mode: 64, message: out)])
        case .jettonInternalTransfer(let credit):
            return try take(credit, message, wallet, data, code, layout)
        default: return Contract.failure(0xFFFF, data)
        }
    }

    private static func take(
        _ credit: JettonInternalTransfer,
        _ message: InternalMessage,
        _ wallet: JettonWallet,
        _ data: Cell,
        _ code: Cell,
        _ layout: JettonWalletLayout
    ) throws(TONError) -> Contract.Outcome {
        var wallet = wallet
        let isMaster = message.source == wallet.master
        var isPeer = false
        if let from = credit.from {
            let peer = try JettonWallet.address(owner: from, master: wallet.master, code: code, layout: layout)
            isPeer = message.source == peer
        }
        guard isMaster || isPeer else { return Contract.failure(layout == .standard ? 707 : 74, data) }
        wallet.balance += credit.amount
        var actions: [OutgoingActions.Send] = []
        var left = message.value > ChainState.Fee.gas + reserve ? message.value - ChainState.Fee.gas - reserve : 0
        if credit.forwardAmount > 0, left > credit.forwardAmount + ChainState.Fee.forward {
            let notification = JettonNotification(
                queryID: credit.queryID,
                amount: credit.amount,
                sender: credit.from,
                forwardPayload: credit.forwardPayload
            )
            let out = InternalMessage(
                bounce: false,
                destination: wallet.owner,
                value: credit.forwardAmount,
                body: try notification.cell()
            )
            actions.append(try .init(mode: 1, message: out))
            left -= credit.forwardAmount + ChainState.Fee.forward
        }
        if let response = credit.responseAddress, left > ChainState.Fee.forward {
            var body = CellBuilder()
            try body.store(uint: MessageBody.Op.excesses, bits: 32)
            try body.store(uint: credit.queryID, bits: 64)
            let out = InternalMessage(bounce: false, destination: response, value: left, body: try body.build())
            actions.append(try .init(mode: 2, message: out))
        }
        return try done(wallet, code, layout, actions)
    }

    /// The amount of a bounced internal transfer, read from the first 256 bits that came back.
    private static func returnedAmount(_ body: Cell) throws(TONError) -> UInt128 {
        var slice = body.slice()
        let op = try slice.loadUInt(32)
        if op == UInt64(MessageBody.Op.bounced) { slice = try slice.loadReference().slice() }
        guard try slice.loadUInt(32) == UInt64(MessageBody.Op.jettonInternalTransfer) else { return 0 }
        try slice.skip(64)
        return try slice.loadCoins()
    }

    private static func done(
        _ wallet: JettonWallet,
        _ code: Cell,
        _ layout: JettonWalletLayout,
        _ actions: [OutgoingActions.Send]
    ) throws(TONError) -> Contract.Outcome {
        Contract.Outcome(
            phase: .executed(.ok(exitCode: 0)),
            data: try wallet.data(code: code, layout: layout),
            actions: actions
        )
    }
}

extension OutgoingActions.Send {
    init(mode: UInt8, message: InternalMessage) throws(TONError) {
        self.init(mode: mode, cell: try message.cell())
    }
}
