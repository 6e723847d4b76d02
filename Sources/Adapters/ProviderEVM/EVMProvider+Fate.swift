import BigInt
import EVM
import Money
package import Payments
package import Providers
import Seams

/// The fate of transfers.
///
/// Like deposits, it is read from blocks on which the quorum agrees, with receipts that match the block's root. A
/// single node's answer about a transfer is only a hint.
extension EVMProvider {
    /// Looks for the nonce in the chain: used by one of our signatures, by something else, or not at all.
    ///
    /// - Throws: `ProviderError`, also when the token moved something else than the order asked for, so that a person
    ///   has to look.
    package func fate(
        of prepared: PreparedTransfer,
        for order: TransferOrder
    ) async throws(ProviderError) -> TransferFate {
        let tip: EVMClient.Tip
        if let known = prepared.sequence.flatMap(cache.tip(afterTaking:)) {
            tip = known
        } else {
            tip = try await payer.tip(configuration.finality)
            // Nothing is decided about a number that the final chain has not taken.
            if let number = prepared.sequence, try await finalNonce(at: tip.final) <= UInt64(clamping: number) {
                return .pending
            }
        }
        let hashes = Set(try SignedVariants(decoding: prepared.bytes).variants.map { EVMHash(of: $0.raw) })
        for number in try await payer.places(of: hashes) where number <= tip.final {
            guard let block = try await read(number...number, by: payer).first,
                let index = block.transactions.firstIndex(where: { hashes.contains($0.hash) })
            else { continue }
            return try await outcome(of: order, at: index, in: block)
        }
        // Nodes that name no block prove nothing; only the chain transaction that has used the number does.
        guard let nonce = prepared.sequence.map({ UInt64(clamping: $0) }),
            let (block, index) = try await use(of: nonce, until: tip.final)
        else { return .pending }
        let user = block.transactions[index].hash
        if hashes.contains(user) { return try await outcome(of: order, at: index, in: block) }
        return .displaced(reason: "its number was used by the chain transaction \(user)", at: moment(of: block))
    }

    /// The number that the hot wallet takes next after a final block; asked for once a block, for all transfers.
    func finalNonce(at final: UInt64) async throws(ProviderError) -> UInt64 {
        let block = try await payer.hash(at: final)
        if let known = cache.finalNonce(after: block) { return known }
        let nonce = try await payer.nonce(of: hotAddress, after: block)
        cache.keep(finalNonce: nonce, after: block)
        return nonce
    }

    /// For how many blocks back every node has states; nodes without an archive forget older ones.
    static let knownStates: UInt64 = 120

    /// The chain transaction by which the hot wallet has used a number, and its block, found by a binary search.
    ///
    /// It is nil while no final block contains it, or when it was used too long ago to be looked for.
    ///
    /// Nodes only lead to the block. The proof that the number was used is our key's signature in it.
    private func use(
        of nonce: UInt64,
        until final: UInt64
    ) async throws(ProviderError) -> (block: ChainBlock, index: Int)? {
        func isUsed(at number: UInt64) async throws(ProviderError) -> Bool {
            try await payer.nonce(of: hotAddress, after: payer.hash(at: number)) > nonce
        }
        var (before, after) = (final - min(final, Self.knownStates), final)
        // A number that was already used at the first of these blocks was used before them.
        guard try await isUsed(at: after), try await !isUsed(at: before) else { return nil }
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if try await isUsed(at: middle) { after = middle } else { before = middle }
        }
        guard let block = try await read(after...after, by: payer).first,
            let index = block.transactions.firstIndex(where: { $0.nonce == nonce && $0.provenSender == hotAddress })
        else { return nil }
        return (block, index)
    }

    private func moment(of block: ChainBlock) -> Timestamp {
        Timestamp(seconds: Int64(clamping: block.header.timestamp))
    }

    private func outcome(
        of order: TransferOrder,
        at index: Int,
        in block: ChainBlock
    ) async throws(ProviderError) -> TransferFate {
        let receipt = try await receipts(of: block, by: payer)[index]
        guard let units = Int256(exactly: BigInt(receipt.fee)) else {
            throw ProviderError(.malformed, "a fee needs more than 255 bits")
        }
        let fee = Amount(asset: coin, units: units)
        let moment = moment(of: block)
        guard receipt.receipt.isSuccess else {
            return .dead(reason: "the chain refused it (reverted)", fee: fee, at: moment)
        }
        if let token = token(order.amount.asset) {
            let receivers = receipt.receivers(of: token, from: hotAddress)
            // Some tokens refuse a transfer in a chain transaction that succeeds.
            guard !receivers.isEmpty else { return .dead(reason: "the token moved nothing", fee: fee, at: moment) }
            guard let destination = try? EVMAddress(order.destination), receivers.contains(destination) else {
                throw ProviderError(.malformed, "the token moved something else than \(order.id) asked for")
            }
        }
        return .confirmed(evidence: receipt.transaction.description, fee: fee, at: moment)
    }
}

extension ChainReceipt {
    /// The receivers of a token from an account, as the token's own logs show.
    ///
    /// Amounts are not compared: a token may give a part of a transfer to somebody else.
    fileprivate func receivers(of token: EVMProvider.Token, from sender: EVMAddress) -> Set<EVMAddress> {
        var receivers: Set<EVMAddress> = []
        for log in receipt.logs where log.address == token.contract {
            guard let transfer = try? ERC20Transfer(log), transfer.from == sender, transfer.amount > 0 else { continue }
            receivers.insert(transfer.to)
        }
        return receivers
    }
}
