import BigInt
import EVM
package import Money
package import Payments
package import Providers
import Seams

extension EVMProvider: TransferSending {
    /// How much more gas than the estimate is allowed, in percent.
    private static let gasMargin: UInt64 = 25
    /// By how much both fees rise when a transfer is sent again, in percent; nodes accept no less than 10.
    private static let feeBump: BigUInt = 25

    /// The account that pays out: its nonces are consecutive, so that many transfers may be under way.
    package var lane: Lane? {
        Lane("evm:\(configuration.chainID):\(hotAddress.lowercased)", limit: configuration.transfersUnderWay)
    }

    /// The name of a transfer: one nonce is one payment, however often it is signed with other fees.
    func transferName(nonce: UInt64) -> String {
        OwnAccounts.name(chain: configuration.chainID, hot: hotAddress, nonce: nonce)
    }

    /// The gas that transfers of coins and of tokens usually need.
    private static let usualGas: (coin: BigUInt, token: BigUInt) = (21_000, 65_000)

    /// The usual gas of a transfer at the base fee of the last block that was read and the usual priority fee; a quarter
    /// of the base fee until the nodes were asked for that.
    package func expectedFee(of order: TransferOrder) -> Amount? {
        guard let base = cache.newest?.header.baseFee else { return nil }
        let tip = cache.prices?.tip ?? base / 4
        let gas = order.amount.asset == coin ? Self.usualGas.coin : Self.usualGas.token
        return Int256(exactly: BigInt((base + tip) * gas)).map { Amount(asset: coin, units: $0) }
    }

    /// The gas that the last signature expects to use, at the base fee of the last block that was read and its own
    /// priority fee.
    package func expectedFee(of prepared: PreparedTransfer) -> Amount? {
        guard let base = cache.newest?.header.baseFee,
            let last = try? SignedVariants(decoding: prepared.bytes).variants.last,
            let transaction = try? EVMTransaction(decoding: last.raw),
            case .dynamic(let maximum, let priority) = transaction.fee
        else { return nil }
        let used = transaction.data.isEmpty ? transaction.gasLimit : transaction.gasLimit * 100 / (100 + Self.gasMargin)
        return Int256(exactly: BigInt(min(maximum, base + priority) * BigUInt(used)))
            .map { Amount(asset: coin, units: $0) }
    }

    /// The maximum gas cost of the most expensive signature.
    package func mostCharged(for prepared: PreparedTransfer, of asset: AssetID) -> Amount? {
        guard let variants = try? SignedVariants(decoding: prepared.bytes).variants else { return nil }
        let charges = variants.compactMap { variant -> BigUInt? in
            guard let transaction = try? EVMTransaction(decoding: variant.raw),
                case .dynamic(let maximum, _) = transaction.fee
            else { return nil }
            return maximum * BigUInt(transaction.gasLimit)
        }
        return charges.max().flatMap { Int256(exactly: BigInt($0)) }.map { Amount(asset: coin, units: $0) }
    }

    // MARK: - Signing

    /// Signs a chain transaction of type 2 (EIP-1559) for an order.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        guard let nonce = permit.number.flatMap({ UInt64(exactly: $0) }) else {
            throw ProviderError(.invalidRequest, "the permit is not of an account with nonces")
        }
        let call = try Call(order, of: self)
        let (head, tip) = try await prices()
        try await checkFunds(order, besides: permit.underWay)
        let (estimate, held) = try await payer.gasAndBalance(
            from: hotAddress,
            to: call.to,
            value: call.value,
            data: call.data
        )
        let gasLimit = try limit(estimate, of: call.data, in: head)
        let maximum = price(after: head) * 2 + tip
        guard maximum <= configuration.maximumGasPrice else {
            throw ProviderError(.unavailable, "gas costs more than the configured maximum; it is tried again later")
        }
        let transaction = EVMTransaction(
            kind: .dynamicFee,
            chainID: configuration.chainID,
            nonce: nonce,
            fee: .dynamic(maximum: maximum, priority: tip),
            gasLimit: gasLimit,
            to: call.to,
            value: call.value,
            data: call.data
        )
        let promised = try coins(promisedBy: permit)
        guard held >= promised + transaction.value + maximum * BigUInt(transaction.gasLimit) else {
            throw ProviderError(.unavailable, "the wallet \(hotAddress) holds too little coin; top it up")
        }
        return try await sign(transaction, for: order, after: [], under: permit)
    }

    /// The call that carries out an order.
    private struct Call {
        let to: EVMAddress
        let value: BigUInt
        let data: [UInt8]

        init(_ order: TransferOrder, of provider: EVMProvider) throws(ProviderError) {
            let destination: EVMAddress
            do {
                destination = try EVMAddress(provider.account(of: order.destination, for: order.amount.asset))
            } catch { throw ProviderError(.refused, "\(error)") }
            guard let units = BigUInt(exactly: BigInt(order.amount.units)), units > 0 else {
                throw ProviderError(.refused, "the amount has to be more than zero")
            }
            if let token = provider.token(order.amount.asset) {
                (to, value, data) = (token.contract, 0, ERC20.transfer(to: destination, amount: units))
            } else if order.amount.asset == provider.coin {
                (to, value, data) = (destination, units, [])
            } else {
                throw ProviderError(.refused, "\(order.amount.asset) is not sent here")
            }
        }
    }

    /// The header of a fresh block and the usual priority fee, asked for once a second for all transfers that are signed.
    private func prices() async throws(ProviderError) -> (head: EVMHeader, tip: BigUInt) {
        let now = clock.now()
        if let known = cache.prices, (.zero..<Self.pricesLast).contains(now.since(known.at)) {
            return (known.head, known.tip)
        }
        let (head, tip) = (try await freshHead(), try await payer.priorityFee())
        cache.keep(BlockCache.Prices(head: head, tip: tip, at: now))
        return (head, tip)
    }

    /// How long the prices of gas are known.
    private static let pricesLast = Duration.seconds(1)

    /// The header of the last block, on which the quorum agrees.
    ///
    /// - Throws: `ProviderError`; with the code `lagging` when it is too old to sign anything.
    func freshHead() async throws(ProviderError) -> EVMHeader {
        let tip = try await payer.tip(configuration.finality)
        guard let head = try await read(tip.head...tip.head, by: payer).first?.header else {
            throw ProviderError(.lagging, "a node has no block \(tip.head)")
        }
        let time = Timestamp(seconds: Int64(clamping: head.timestamp))
        guard clock.now().since(time) <= configuration.maximumLag else {
            throw ProviderError(.lagging, "the nodes' last block is of \(time): too old to sign anything")
        }
        return head
    }

    /// The highest base fee of the block after a header, in wei per unit of gas: an eighth more (EIP-1559).
    func price(after head: EVMHeader) -> BigUInt {
        let base = head.baseFee ?? 0
        return base + base / 8 + 1
    }

    /// The gas limit of a signature: more than the estimate for a contract, but no more than a block can take, or the
    /// number would wait for ever.
    func limit(_ estimate: UInt64, of data: [UInt8], in head: EVMHeader) throws(ProviderError) -> UInt64 {
        let (margin, overflow) = estimate.multipliedReportingOverflow(by: data.isEmpty ? 0 : Self.gasMargin)
        guard !overflow, estimate <= head.gasLimit, estimate + margin / 100 <= head.gasLimit else {
            throw ProviderError(.unavailable, "the nodes estimate more gas than a block takes; it is tried again later")
        }
        return estimate + margin / 100
    }

    /// The coins that transfers under way may still take from the wallet: their amounts, and the most that their gas may
    /// cost.
    private func coins(promisedBy permit: SigningPermit) throws(ProviderError) -> BigUInt {
        var sum = BigUInt(0)
        for transfer in permit.underWay where transfer.prepared.sequence ?? 0 >= permit.next ?? 0 {
            if transfer.order.amount.asset == coin { sum += BigInt(transfer.order.amount.units).magnitude }
            sum += mostCharged(for: transfer.prepared, of: coin).map { BigInt($0.units).magnitude } ?? 0
        }
        return sum
    }

    private func checkFunds(
        _ order: TransferOrder,
        besides underWay: [TransferUnderWay]
    ) async throws(ProviderError) {
        guard token(order.amount.asset) != nil else { return }
        let stated = try await balances(of: []).balances.first { $0.asset == order.amount.asset }
        // The stated balance is that of the last final block, which none of the transfers under way has reached.
        let promised = underWay.map(\.order.amount).filter { $0.asset == order.amount.asset }
        let needed: Amount
        do { needed = try Amount.sum(promised + [order.amount], asset: order.amount.asset) } catch {
            throw ProviderError(.refused, "\(error)")
        }
        guard let stated, !(stated.units < needed.units) else {
            throw ProviderError(.unavailable, "the wallet \(hotAddress) holds too few tokens; top it up")
        }
    }

    /// Signs, and keeps earlier signatures with the same nonce.
    private func sign(
        _ transaction: EVMTransaction,
        for order: TransferOrder,
        after earlier: [SignedVariants.Variant],
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        let raw = try await signed(transaction, by: .payouts, for: .orders([order]), under: permit)
        let variants = SignedVariants(
            variants: earlier + [.init(signedAt: UInt64(clamping: clock.now().seconds), raw: raw)]
        )
        return PreparedTransfer(
            bytes: variants.encoded,
            hash: transferName(nonce: transaction.nonce),
            sequence: Int64(clamping: transaction.nonce),
            // A chain transaction has no end: it lives until its nonce is used.
            validUntil: nil
        )
    }

    /// Whether the last signature has waited too long, and another one is allowed.
    package func renews(_ prepared: PreparedTransfer) -> Bool {
        guard let signed = try? SignedVariants(decoding: prepared.bytes), let last = signed.variants.last else {
            return false
        }
        let age = clock.now().since(Timestamp(seconds: Int64(clamping: last.signedAt)))
        return signed.variants.count < SignedVariants.limit && age > configuration.patience
    }

    /// Signs again, with higher fees, a transfer that has waited too long.
    ///
    /// Nonce, receiver and amount are the same, so that the chain takes at most one of them. Only the lowest nonce is
    /// raised: those above wait for it, whatever they pay.
    /// - Throws: `ProviderError`.
    package func renewed(
        _ prepared: PreparedTransfer,
        for order: TransferOrder,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer? {
        let signed = try SignedVariants(decoding: prepared.bytes)
        guard renews(prepared), permit.next == prepared.sequence, let last = signed.variants.last else { return nil }
        var transaction: EVMTransaction
        do { transaction = try EVMTransaction(decoding: last.raw) } catch {
            throw ProviderError(.malformed, error.reason)
        }
        guard case .dynamic(let maximum, let priority) = transaction.fee else { return nil }
        let tip = try await payer.priorityFee()
        let raised = max(maximum * (100 + Self.feeBump) / 100, price(after: try await freshHead()) * 2 + tip)
        guard raised <= configuration.maximumGasPrice else { return nil }
        transaction.fee = .dynamic(maximum: raised, priority: max(priority * (100 + Self.feeBump) / 100 + 1, tip))
        transaction.signature = nil
        return try await sign(transaction, for: order, after: signed.variants, under: permit)
    }

    // MARK: - Sending

    /// Sends the stored bytes to the nodes.
    ///
    /// Whatever the nodes answer, only the chain shows the transfer's fate.
    package func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        guard let last = try? SignedVariants(decoding: prepared.bytes).variants.last else {
            return .unknown(reason: "nothing was signed")
        }
        cache.forgetView()
        guard let failures = await payer.offer(last.raw) else { return .accepted }
        let isHarmless = failures.contains { failure in
            ["already known", "nonce too low"].contains { failure.reason.contains($0) }
        }
        if isHarmless { return .accepted }
        let refusals = failures.compactMap { TransactionRefusal($0) }
        if let first = refusals.first, refusals.count == failures.count { return .unsendable(reason: first.sentence) }
        return .unknown(reason: failures.last?.reason ?? "there is no node")
    }
}

/// All signatures for one order, with one nonce and ever higher fees.
struct SignedVariants: Hashable {
    struct Variant: Hashable {
        /// In seconds since 1970.
        let signedAt: UInt64
        let raw: [UInt8]
    }

    /// The most signatures for one order.
    static let limit = 16

    let variants: [Variant]

    init(variants: [Variant]) {
        self.variants = variants
    }

    /// Reads the form written by ``encoded``.
    ///
    /// - Throws: `ProviderError` with the code `malformed`.
    init(decoding bytes: [UInt8]) throws(ProviderError) {
        do throws(EVMError) {
            var variants: [Variant] = []
            for item in try DecodedRLP(bytes).list("variants") {
                let fields = try item.list("variant")
                guard fields.count == 2 else { throw EVMError(.malformedStructure, "a variant has a time and bytes") }
                variants.append(Variant(signedAt: try fields[0].uint64("signedAt"), raw: try fields[1].bytes("raw")))
            }
            self.variants = variants
        } catch { throw ProviderError(.malformed, "the stored signatures cannot be read: \(error.reason)") }
    }

    var encoded: [UInt8] {
        RLPItem.list(variants.map { .list([.uint64($0.signedAt), .bytes($0.raw)]) }).encoded
    }
}
