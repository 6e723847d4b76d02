import Cryptography
import Money
public import Payments
public import Providers
import Seams
import TON

extension TONProvider: TransferSending {
    /// What a jetton transfer takes along for its way, in nanotons; what is not needed comes back.
    private static let jettonGas: UInt128 = 50_000_000
    /// What has to stay for fees, in nanotons.
    private static let reserve: UInt128 = 20_000_000
    /// How long after its end a transfer is still looked for: clocks of blocks differ.
    private static let expiryMargin = Duration.seconds(60)

    /// One transfer at a time: the wallet numbers its requests.
    public func lane(of order: TransferOrder) -> String? { "ton:\(address.raw)" }

    /// Signs a wallet message for an order.
    ///
    /// - Throws: `ProviderError`.
    public func prepare(_ order: TransferOrder) async throws(ProviderError) -> PreparedTransfer {
        let message = try walletMessage(for: order)
        let head = try await client.head()
        guard clock.now().since(head.time) <= configuration.maximumLag else {
            throw ProviderError(.lagging, "the node is too far behind to sign anything")
        }
        let state = try await client.account(address)
        guard state.balance >= message.message.value + Self.reserve else {
            throw ProviderError(.unavailable, "the wallet \(address) holds too little TON coin; top it up")
        }
        if let jetton = jetton(order.amount.asset) { try await checkJettons(order, jetton) }
        do {
            var seqno: UInt32 = 0
            if let data = state.data { seqno = try WalletData(parsing: data, version: wallet.version).seqno }
            let end = head.time.advanced(by: configuration.transferLifetime)
            let signed = try wallet.sign(
                [message],
                seqno: seqno,
                validUntil: UInt32(clamping: end.seconds),
                with: signingKey,
                deploying: state.code == nil
            )
            return PreparedTransfer(
                bytes: try signed.serialized(),
                hash: signed.normalizedHash.description,
                sequence: Int64(seqno),
                // A request that deploys the wallet has no end.
                validUntil: seqno == 0 ? nil : end
            )
        } catch { throw ProviderError(.invalidRequest, error.description) }
    }

    private func checkJettons(_ order: TransferOrder, _ jetton: Jetton) async throws(ProviderError) {
        let stated = try await balances(of: []).balances.first { $0.asset == jetton.asset }
        guard let stated, !(stated.units < order.amount.units) else {
            throw ProviderError(.unavailable, "the wallet's jetton wallet holds too little; top it up")
        }
    }

    private func walletMessage(for order: TransferOrder) throws(ProviderError) -> WalletMessage {
        do throws(TONError) {
            let text = try AddressText(order.destination)
            if text.isTestOnly == true, configuration.network == .mainnet {
                throw TONError(.malformedAddress, "the address is of the test network")
            }
            guard let units = UInt128(exactly: order.amount.units), units > 0, units < 1 << 120 else {
                throw TONError(.overflow, "the amount does not fit TON")
            }
            let comment: Cell? =
                if let comment = order.comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { nil }
            guard let jetton = jetton(order.amount.asset) else {
                guard order.amount.asset == coin else {
                    throw TONError(.malformedStructure, "the asset is not sent here")
                }
                // Not bounceable: what bounced would come back without the comment that says whose it is.
                return try WalletMessage(to: text.address, amount: units, bounce: false, body: comment, mode: 1)
            }
            let payload = if let comment { comment } else { try Cell.empty() }
            let transfer = JettonTransfer(
                queryID: Self.queryID(order.id),
                amount: units,
                destination: text.address,
                responseDestination: address,
                forwardAmount: 1,
                forwardPayload: payload
            )
            return try WalletMessage(
                to: jetton.wallet(of: address),
                amount: Self.jettonGas,
                bounce: true,
                body: transfer.cell(),
                mode: 1
            )
        } catch { throw ProviderError(.refused, "\(error)") }
    }

    private static func queryID(_ order: String) -> UInt64 {
        SHA256.hash(Array(order.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// Broadcasts the stored message.
    ///
    /// Whatever the node says, only the chain tells what became of it.
    public func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        do {
            try await client.send(prepared.bytes)
            return .accepted
        } catch { return .unknown(reason: error.reason) }
    }

    /// Looks for the stored message in the wallet's history.
    ///
    /// - Throws: `ProviderError`.
    public func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        let head = try await client.head()
        let state = try await client.account(address)
        guard let found = try await find(prepared, in: state) else {
            // By block time, and only after the history up to it is known: the wallet can no longer take the message.
            if let end = prepared.validUntil, head.time > end.advanced(by: Self.expiryMargin) {
                return .dead(reason: "it was not taken until \(end)", fee: nil)
            }
            return .pending
        }
        let sent = found.outMessages.compactMap { message -> InternalMessage? in
            if case .internal(let message) = message { return message }
            return nil
        }
        let fees = sent.reduce(found.totalFees) { $0 + $1.forwardFee }
        // A moved number is no proof: the message itself is.
        guard let message = sent.first, let hash = found.outMessageHashes.first else {
            return .dead(reason: "the wallet sent nothing (action phase)", fee: coinAmount(fees))
        }
        guard let jetton = jetton(order.amount.asset) else {
            return .confirmed(evidence: found.hash.description, fee: coinAmount(fees), at: moment(found))
        }
        let fee = coinAmount(fees + message.value)
        return try await jettonFate(jetton, order, requestHash: hash, fee: fee, evidence: found)
    }

    /// The wallet's chain transaction that took the message.
    private func find(
        _ prepared: PreparedTransfer,
        in state: ToncenterClient.AccountState
    ) async throws(ProviderError) -> ChainTransaction? {
        var next = (lt: state.lastLT, hash: state.lastHash)
        let signedAt = prepared.validUntil.map { $0.advanced(by: .zero - configuration.transferLifetime) }
        while next.lt > 0 {
            let page = try await client.transactions(of: address, lt: next.lt, hash: next.hash, limit: 100)
            guard !page.isEmpty else { throw ProviderError(.unavailable, "the node left out what it had announced") }
            for transaction in page {
                guard transaction.lt == next.lt, transaction.hash == next.hash else {
                    throw ProviderError(.gap, "a chain transaction of the wallet is missing")
                }
                if case .externalIn(let message) = transaction.inMessage,
                    (try? message.normalizedHash())?.description == prepared.hash
                {
                    return transaction
                }
                // Older than the signature by far: it is not there.
                if let signedAt, moment(transaction) < signedAt.advanced(by: .seconds(-600)) { return nil }
                next = (transaction.previousLT, transaction.previousHash)
            }
        }
        return nil
    }

    /// Follows jettons to the receiver's jetton wallet: only there they have arrived.
    private func jettonFate(
        _ jetton: Jetton,
        _ order: TransferOrder,
        requestHash: CellHash,
        fee: Amount,
        evidence: ChainTransaction
    ) async throws(ProviderError) -> TransferFate {
        let own: TONAddress
        let theirs: TONAddress
        do {
            own = try jetton.wallet(of: address)
            theirs = try jetton.wallet(of: TONAddress(order.destination))
        } catch { throw ProviderError(.malformed, error.description) }
        guard let request = try await answer(to: requestHash, at: own) else { return .pending }
        guard request.description.didExecute, !request.description.aborted, let credit = request.outMessageHashes.first
        else { return .dead(reason: "the jetton wallet refused to send", fee: fee) }
        guard let receipt = try await answer(to: credit, at: theirs) else { return .pending }
        if receipt.description.didExecute, !receipt.description.aborted {
            return .confirmed(evidence: evidence.hash.description, fee: fee, at: moment(receipt))
        }
        // What the receiver refused is ours again only when it has come back.
        guard let back = receipt.outMessageHashes.first, try await answer(to: back, at: own) != nil else {
            return .pending
        }
        return .dead(reason: "the receiver's jetton wallet refused it", fee: fee)
    }

    /// The chain transaction of an account that took a message, among its last hundred.
    private func answer(to message: CellHash, at account: TONAddress) async throws(ProviderError) -> ChainTransaction? {
        let state = try await client.account(account)
        guard state.lastLT > 0 else { return nil }
        let page = try await client.transactions(of: account, lt: state.lastLT, hash: state.lastHash, limit: 100)
        return page.first { $0.inMessageHash == message }
    }

    private func coinAmount(_ nanotons: UInt128) -> Amount { Amount(asset: coin, units: Int256(nanotons)) }

    private func moment(_ transaction: ChainTransaction) -> Timestamp {
        Timestamp(seconds: Int64(transaction.now))
    }
}
