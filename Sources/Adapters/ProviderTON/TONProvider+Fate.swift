import Money
package import Payments
package import Providers
import Seams
import TON

/// The fate of transfers.
extension TONProvider {
    /// How long after its end a request is still looked for, because blocks' clocks differ.
    private static let expiryMargin = Duration.seconds(60)

    /// Looks for the stored request in the wallet's history, and for the transfer among what the wallet sent.
    ///
    /// - Throws: `ProviderError`.
    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        switch try await search(for: prepared) {
        case .pending: return .pending
        case .expired(let end): return .dead(reason: "it was not taken until \(end)", fee: nil, at: end)
        case .displaced(let head): return .displaced(reason: "another request has used its number", at: head)
        case .taken(let request):
            let fees = request.fee(at: prepared.position)
            // A used number proves nothing: only the message itself does.
            guard let (message, hash) = request.message(at: prepared.position) else {
                return .dead(
                    reason: "the wallet did not send it (action phase)",
                    fee: coinAmount(fees),
                    at: moment(request.evidence)
                )
            }
            guard let jetton = jetton(order.amount.asset) else {
                let evidence = request.evidence
                return .confirmed(
                    evidence: evidence.hash.description,
                    fee: coinAmount(fees),
                    at: moment(evidence)
                )
            }
            let fee = coinAmount(fees + message.value)
            return try await jettonFate(jetton, order, requestHash: hash, fee: fee, evidence: request.evidence)
        }
    }

    private func search(for prepared: PreparedTransfer) async throws(ProviderError) -> FoundRequests.Search {
        // The first transfer of a request looks for it; the others take what it has found.
        if prepared.position > 0, let known = requests.search(prepared.hash, at: clock.now()) { return known }
        let search = try await look(for: prepared)
        requests.remember(search, of: prepared.hash, at: clock.now())
        return search
    }

    private func look(for prepared: PreparedTransfer) async throws(ProviderError) -> FoundRequests.Search {
        let head = try await payer.head()
        let state = try await payer.account(address)
        let (found, newest) = try await find(prepared, in: state)
        guard let found else {
            // After the end, in block time, the wallet can no longer take the request. Our own clock also has to have
            // passed the end, because a node may state a time in the future.
            guard let end = prepared.validUntil,
                min(head.time, clock.now()) > end.advanced(by: Self.expiryMargin)
            else { return .pending }
            if try isUsedUp(prepared, in: state) { return .displaced(at: head.time) }
            let isProven = await reaches(end.advanced(by: Self.expiryMargin), state, newest: newest)
            return isProven ? .expired(at: end) : .pending
        }
        let asked: (messages: [InternalMessage], isList: Bool)
        do { asked = try wallet.transfers(in: prepared.bytes) } catch {
            throw ProviderError(.malformed, error.description)
        }
        guard asked.isList, let own = found.sentMessages.first else {
            return .taken(found.request(asked.messages, feesBefore: 0))
        }
        guard let carrier = try await answer(to: own.hash, at: address, since: found.lt) else { return .pending }
        let before = found.totalFees + own.message.forwardFee
        return .taken(carrier.request(asked.messages, feesBefore: before))
    }

    /// Whether the wallet's history, as it was read, is proven to reach beyond a moment.
    ///
    /// The newest block proves nothing about the account: a node whose index lags shows an old state beside it. A later
    /// chain transaction of the wallet does, or a second node that has passed the moment and shows the same state.
    /// Where other nodes are configured, one of them has to know the later chain transaction, too.
    private func reaches(
        _ moment: Timestamp,
        _ state: ToncenterClient.AccountState,
        newest: Timestamp?
    ) async -> Bool {
        let isLater = newest.map { $0 > moment } ?? false
        guard !witnesses.isEmpty else { return isLater }
        for witness in witnesses {
            guard let head = try? await witness.head(), head.time > moment,
                let other = try? await witness.account(address)
            else { continue }
            if other.last == state.last { return true }
            let shown = try? await witness.transaction(of: address, lt: state.last.lt, hash: state.last.hash)
            if isLater, let shown, ChainPlace(shown) == state.last { return true }
        }
        return false
    }

    /// Whether a signed number was used, by any request.
    private func isUsedUp(
        _ prepared: PreparedTransfer,
        in state: ToncenterClient.AccountState
    ) throws(ProviderError) -> Bool {
        guard case .numbered(let wallet) = wallet, let data = state.data, let number = prepared.sequence else {
            return false
        }
        do { return try Int64(WalletData(parsing: data, version: wallet.version).seqno) > number } catch {
            throw ProviderError(.malformed, error.description)
        }
    }

    /// The wallet's chain transaction that took a request, and the time of its newest one that can be read.
    private func find(
        _ prepared: PreparedTransfer,
        in state: ToncenterClient.AccountState
    ) async throws(ProviderError) -> (found: ChainTransaction?, newest: Timestamp?) {
        var newest: Timestamp?
        let found = try await payerHistory.newest(of: address, state: state) { transaction in
            newest = newest ?? moment(transaction)
            if isOlder(transaction, than: prepared) { return .stop }
            guard case .externalIn(let message) = transaction.inMessage else { return .goOn }
            return (try? message.normalizedHash())?.description == prepared.hash ? .found : .goOn
        }
        return (found, newest)
    }

    /// Whether a chain transaction is too old: neither it nor an earlier one can have taken a request.
    ///
    /// A wallet that takes numbers in turn has taken a lower number there. A highload wallet takes no request before
    /// the request's stated creation time. The end of a request proves nothing, because it rests on the time that a
    /// node stated at the signature.
    private func isOlder(_ transaction: ChainTransaction, than prepared: PreparedTransfer) -> Bool {
        if let timeout = configuration.highloadTimeout {
            guard let end = prepared.validUntil else { return false }
            return moment(transaction) < end.advanced(by: .seconds(-Int64(timeout) - 600))
        }
        guard case .externalIn(let message) = transaction.inMessage, let sequence = prepared.sequence,
            let number = number(ofRequest: message.body, to: address)
        else { return false }
        return number < sequence
    }

    /// Follows jettons to the receiver's jetton wallet, because only there they have arrived.
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
        let start = evidence.lt
        guard let request = try await answer(to: requestHash, at: own, since: start) else { return .pending }
        guard request.description.didExecute, !request.description.aborted, let credit = request.outMessageHashes.first
        else { return .dead(reason: "the jetton wallet refused to send", fee: fee, at: moment(request)) }
        guard let receipt = try await answer(to: credit, at: theirs, since: start) else { return .pending }
        if receipt.description.didExecute, !receipt.description.aborted {
            return .confirmed(evidence: evidence.hash.description, fee: fee, at: moment(receipt))
        }
        // A contract that fails while it sends, or has too little money to send, returns nothing.
        guard let back = receipt.outMessageHashes.first else {
            return .lost(
                reason: "the receiver's jetton wallet failed and sent nothing back",
                fee: fee,
                at: moment(receipt)
            )
        }
        // Refused jettons are ours again only when they have come back.
        guard let returned = try await answer(to: back, at: own, since: start) else { return .pending }
        guard returned.description.didExecute, !returned.description.aborted else {
            let reason = "the receiver's jetton wallet refused it, and ours failed when it came back"
            return .lost(reason: reason, fee: fee, at: moment(returned))
        }
        return .dead(reason: "the receiver's jetton wallet refused it", fee: fee, at: moment(returned))
    }

    /// The chain transaction of an account that took a message.
    ///
    /// Logical time grows from a message to its effect, so that nothing older than the cause has to be read.
    private func answer(
        to message: CellHash,
        at account: TONAddress,
        since start: UInt64
    ) async throws(ProviderError) -> ChainTransaction? {
        let state = try await payer.account(account)
        return try await payerHistory.newest(of: account, state: state) { transaction in
            if transaction.lt <= start { return .stop }
            return transaction.inMessageHash == message ? .found : .goOn
        }
    }

    private func coinAmount(_ nanotons: UInt128) -> Amount { Amount(asset: coin, units: Int256(nanotons)) }

    private func moment(_ transaction: ChainTransaction) -> Timestamp {
        Timestamp(seconds: Int64(transaction.now))
    }
}

extension ChainTransaction {
    /// The messages to other accounts, with their hashes.
    fileprivate var sentMessages: [(message: InternalMessage, hash: CellHash)] {
        zip(outMessages, outMessageHashes).compactMap { message, hash in
            if case .internal(let message) = message { return (message, hash) }
            return nil
        }
    }

    /// The taken request whose messages this chain transaction has sent.
    fileprivate func request(_ asked: [InternalMessage], feesBefore: UInt128) -> TakenRequest {
        let sent = sentMessages
        return TakenRequest(
            asked: asked,
            sent: sent,
            fees: sent.reduce(feesBefore + totalFees) { $0 + $1.message.forwardFee },
            evidence: self
        )
    }
}
