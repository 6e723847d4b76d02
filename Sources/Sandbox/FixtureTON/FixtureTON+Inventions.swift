import Synchronization
package import TON

/// A node that lies: it shows chain transactions that no block has, each valid in itself and linked to the one before it.
extension FixtureTON {
    /// How an invented payment stands in the history that the node shows until ``set(_:)``.
    package struct Invention: Hashable, Sendable {
        /// How many of the last chain transactions that are shown it stands in the place of.
        package var instead = 0
        /// By how much its logical time is after the chain's.
        package var ahead: UInt64 = 500_000
        /// By how many seconds it is before its block.
        package var earlier: UInt32 = 0

        /// At the end of the history.
        package init() {}
    }

    /// Has the node show a payment of coins.
    ///
    /// - Throws: `TONError`.
    package func invent(
        _ nanotons: UInt128,
        to address: TONAddress,
        comment: String?,
        by name: String,
        _ invention: Invention = Invention()
    ) throws(TONError) {
        try invent(coins(nanotons, to: address, comment: comment, by: name), invention)
    }

    /// The message by which a customer's coins arrive.
    func coins(
        _ nanotons: UInt128,
        to address: TONAddress,
        comment: String?,
        by name: String
    ) throws(TONError) -> InternalMessage {
        let body = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
        return InternalMessage(
            bounce: false,
            source: try customer(name).address,
            destination: address,
            value: nanotons,
            body: body
        )
    }

    /// Has the node show a payment of jettons.
    ///
    /// - Throws: `TONError`.
    package func inventJettons(
        _ units: UInt128,
        of master: TONAddress,
        to owner: TONAddress,
        comment: String?,
        by name: String,
        _ invention: Invention = Invention()
    ) throws(TONError) {
        try invent(jettons(units, of: master, to: owner, comment: comment, by: name), invention)
    }

    /// The message by which a customer's jettons arrive at the owner's jetton wallet.
    func jettons(
        _ units: UInt128,
        of master: TONAddress,
        to owner: TONAddress,
        comment: String?,
        by name: String
    ) throws(TONError) -> InternalMessage {
        let payer = try customer(name).address
        let code = Self.jettonWalletCode(.standard)
        let payload = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
        let credit = JettonInternalTransfer(
            queryID: 1,
            amount: units,
            from: payer,
            responseAddress: payer,
            forwardAmount: 1,
            forwardPayload: payload
        )
        let initial = try JettonWallet.stateInit(owner: owner, master: master, code: code, layout: .standard)
        return InternalMessage(
            bounce: true,
            source: try JettonWallet.address(owner: payer, master: master, code: code, layout: .standard),
            destination: try initial.address(),
            value: 50_000_000,
            stateInit: initial,
            body: try credit.cell()
        )
    }

    /// Carries a message out on a chain that is thrown away, and shows what came of it.
    private func invent(_ message: InternalMessage, _ invention: Invention) throws(TONError) {
        try state.withLock { state throws(TONError) in
            let address = message.destination
            var account = state.shown(address)
            account.history.removeLast(min(invention.instead, account.history.count))
            account.lastLT = account.history.last?.head.lt ?? 0
            account.lastHash = account.history.last?.hash ?? .zero
            var lie = state
            lie.accounts[address] = account
            (lie.externals, lie.internals) = ([], [message])
            // The next block's logical times begin after this one.
            lie.lt = max(state.lt, account.lastLT) + invention.ahead - 1_000_000
            let (block, time) = (state.head.seqno, state.head.time - invention.earlier)
            lie.blocks = [.init(seqno: block, time: time, rootHash: .zero, endLT: lie.lt)]
            try lie.mine(at: time)
            var shown = lie.account(address)
            shown.history = shown.history.map {
                .init(cell: $0.cell, head: $0.head, transaction: $0.transaction, block: min($0.block, block))
            }
            state.inventions[address] = shown
        }
    }
}
