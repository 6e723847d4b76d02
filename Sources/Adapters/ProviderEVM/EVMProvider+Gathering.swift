import BigInt
import EVM
import Money
package import Payments
package import Providers
import Seams

/// Gathers tokens first, then coins: an address without coins for the fee gets them from the gas account before.
///
/// Each step starts from the final state, with the next number of its account.
extension EVMProvider: FundGathering {
    /// Coins are gathered when they are worth at least this many times the fee.
    private static let worth: BigUInt = 20
    /// The gas of a transfer of coins without data.
    private static let plainGas: UInt64 = 21_000
    /// How many addresses are asked about at once.
    private static let askedAtOnce = 8

    // MARK: - Following

    /// Compares the numbers of the accounts with those of the steps.
    ///
    /// - Throws: `ProviderError`.
    package func fates(of transfers: [OwnTransfer]) async throws(ProviderError) -> [OwnTransferFate] {
        let tip = try await client.tip(configuration.finality)
        let block = try await client.hash(at: tip.final)
        let accounts = try transfers.map { transfer throws(ProviderError) in try address(of: transfer) }
        let taken = try await client.nonces(of: accounts, after: block)
        var fates = zip(transfers, taken).map { transfer, next in
            Int64(clamping: next) > transfer.number ? OwnTransferFate.done : .waiting
        }
        let now = clock.now()
        let old = transfers.indices.filter {
            fates[$0] == .waiting && now.since(transfers[$0].createdAt) > configuration.patience
        }
        guard !old.isEmpty else { return fates }
        // One that is in a block waits for the block to be final, however long that takes.
        let latest = try await client.latestNonces(of: old.map { accounts[$0] })
        for (index, next) in zip(old, latest) where Int64(clamping: next) <= transfers[index].number {
            fates[index] = .replaceable
        }
        return fates
    }

    private func address(of transfer: OwnTransfer) throws(ProviderError) -> EVMAddress {
        do { return try EVMAddress(transfer.account) } catch {
            throw ProviderError(.malformed, error.reason)
        }
    }

    // MARK: - Planning

    /// What all steps of a round start from.
    private struct Round {
        let block: EVMHash
        let head: EVMHeader
        let fee: EVMTransaction.Fee
    }

    /// The next step for an address.
    private enum Step {
        /// It holds nothing that is worth its fee.
        case nothing
        /// Its money moves on.
        case send(OwnTransfer)
        /// It needs this many wei for the fee first.
        case needs(BigUInt)
    }

    /// Composes the next step for addresses of options, several at once.
    ///
    /// - Throws: `ProviderError`.
    package func plan(_ accounts: [HoldingAccount]) async throws(ProviderError) -> GatheringPlan {
        let tip = try await client.tip(configuration.finality)
        let round = Round(
            block: try await client.hash(at: tip.final),
            head: try await freshHead(),
            fee: try await gatheringFee()
        )
        let steps = await sideBySide(accounts, atOnce: Self.askedAtOnce) { account in
            await result { () async throws(ProviderError) in try await step(for: account, in: round) }
        }
        var plan = GatheringPlan()
        for (account, step) in zip(accounts, steps) {
            switch step {
            case .success(.nothing): plan.empty.append(account)
            case .success(.send(let transfer)): plan.transfers.append(transfer)
            case .success(.needs(let wei)):
                guard let units = Int256(exactly: BigInt(wei)) else { continue }
                plan.needs.append(CoinNeed(option: account.option, units: units))
            case .failure(let error): plan.problems.append("\(account.account): \(error.reason)")
            }
        }
        return plan
    }

    /// A price that the next blocks take, with the usual part for their makers.
    private func gatheringFee() async throws(ProviderError) -> EVMTransaction.Fee {
        let priority = try await client.priorityFee()
        let base = price(after: try await freshHead())
        let maximum = base + base / 8 + priority
        guard maximum <= configuration.maximumGasPrice else {
            throw ProviderError(.unavailable, "gas costs more than the configured maximum")
        }
        return .dynamic(maximum: maximum, priority: priority)
    }

    private func step(for account: HoldingAccount, in round: Round) async throws(ProviderError) -> Step {
        let address = try depositAddress(of: account.option)
        guard address.lowercased == account.account else {
            throw ProviderError(.malformed, "\(account.account) is not the address of \(account.option)")
        }
        let holdings =
            [EVMClient.Holding(owner: address, token: nil)]
            + configuration.tokens.map { EVMClient.Holding(owner: address, token: $0.contract) }
        let balances = try await client.balances(holdings, after: round.block)
        let nonce = try await client.nonce(of: address, after: round.block)
        let (coins, note) = (balances[0] ?? 0, GatheringNote(option: account.option))
        for (token, balance) in zip(configuration.tokens, balances.dropFirst()) {
            guard let held = balance, held > (configuration.gatheringMinimum[token.asset] ?? 0) else { continue }
            // Contracts read their own arguments and ignore the bytes behind them.
            let data = ERC20.transfer(to: hotAddress, amount: held) + note.bytes
            let estimate = try await client.gas(from: address, to: token.contract, value: 0, data: data)
            let gas = try limit(estimate, of: data, in: round.head)
            let needed = round.fee.maximum * BigUInt(gas)
            guard coins >= needed else { return .needs(needed + needed / 4 - coins) }
            var call = transaction(nonce, round.fee, gas, to: token.contract)
            call.data = data
            return .send(step(call, from: address, .option(account.option), to: .payouts, token.asset, held))
        }
        let cost = round.fee.maximum * BigUInt(note.gas)
        guard coins > cost * Self.worth else { return .nothing }
        var transfer = transaction(nonce, round.fee, note.gas, to: hotAddress)
        (transfer.value, transfer.data) = (coins - cost, note.bytes)
        return .send(step(transfer, from: address, .option(account.option), to: .payouts, coin, coins - cost))
    }

    private func transaction(
        _ nonce: UInt64,
        _ fee: EVMTransaction.Fee,
        _ gas: UInt64,
        to: EVMAddress
    ) -> EVMTransaction {
        EVMTransaction(
            kind: .dynamicFee,
            chainID: configuration.chainID,
            nonce: nonce,
            fee: fee,
            gasLimit: gas,
            to: to,
            value: 0
        )
    }

    private func step(
        _ transaction: EVMTransaction,
        from account: EVMAddress,
        _ wallet: OwnWallet,
        to receiver: OwnWallet,
        _ asset: AssetID,
        _ units: BigUInt
    ) -> OwnTransfer {
        OwnTransfer(
            account: account.lowercased,
            wallet: wallet,
            number: Int64(clamping: transaction.nonce),
            movements: [OwnMovement(to: receiver, asset: asset, units: Int256(exactly: BigInt(units)))],
            content: transaction.signingBytes,
            createdAt: clock.now()
        )
    }

    // MARK: - Coins for fees

    /// Composes top-ups with consecutive numbers of the gas account, which are under way together.
    ///
    /// - Throws: `ProviderError` when the gas account holds too little for the first of them.
    package func topUps(
        _ needs: [CoinNeed],
        under permit: SigningPermit
    ) async throws(ProviderError) -> [OwnTransfer] {
        let most = max(0, configuration.transfersUnderWay - permit.intents.count)
        guard most > 0, !needs.isEmpty else { return [] }
        let fee = try await gatheringFee()
        let held = try await client.latestBalance(of: gasAddress)
        var promised = BigUInt(0)
        // What is in a block was taken already.
        for intent in permit.intents where intent.number >= permit.next ?? 0 {
            promised += try Self.mostTaken(by: intent.content)
        }
        var transfers: [OwnTransfer] = []
        for (need, number) in zip(needs, permit.freeNumbers(min(most, needs.count))) {
            let address = try depositAddress(of: need.option)
            var top = transaction(UInt64(clamping: number), fee, Self.plainGas, to: address)
            top.value = BigInt(need.units).magnitude
            promised += try Self.mostTaken(by: top.signingBytes)
            guard promised <= held else {
                guard transfers.isEmpty else { break }
                throw ProviderError(.unavailable, "the gas account \(gasAddress) holds too little coin; top it up")
            }
            transfers.append(step(top, from: gasAddress, .fees, to: .option(need.option), coin, top.value))
        }
        return transfers
    }

    /// The most that a chain transaction takes from its account, in wei.
    private static func mostTaken(by content: [UInt8]) throws(ProviderError) -> BigUInt {
        do {
            let transaction = try EVMTransaction(unsigned: content)
            return transaction.value + transaction.fee.maximum * BigUInt(transaction.gasLimit)
        } catch { throw ProviderError(.malformed, error.reason) }
    }

    // MARK: - Signing and sending

    /// Signs a stored step.
    ///
    /// - Throws: `ProviderError`.
    package func prepare(
        _ transfer: OwnTransfer,
        under permit: SigningPermit
    ) async throws(ProviderError) -> PreparedTransfer {
        let intent = SigningIntent(transfer)
        let signature = try await signer.sign(intent, under: permit)
        do {
            let raw = try EVMTransaction(unsigned: transfer.content).signed(EVMSignature(bytes: signature)).raw ?? []
            return PreparedTransfer(
                bytes: raw,
                hash: EVMHash(of: raw).description,
                sequence: transfer.number,
                validUntil: nil
            )
        } catch { throw ProviderError(.malformed, error.reason) }
    }

    /// Sends a signed step to the nodes.
    ///
    /// - Throws: `ProviderError`.
    package func broadcast(_ transfer: OwnTransfer) async throws(ProviderError) {
        guard let raw = transfer.prepared?.bytes else { return }
        do throws(ProviderError) { try await client.broadcast(raw) } catch {
            // The same step, or the one before it with this number, was already sent.
            let isHarmless = ["already known", "nonce too low", "underpriced"].contains { error.reason.contains($0) }
            guard isHarmless else { throw error }
        }
    }
}

/// The result of work that fails with a provider's error.
private func result<Success>(
    _ body: () async throws(ProviderError) -> Success
) async -> Result<Success, ProviderError> {
    do throws(ProviderError) { return .success(try await body()) } catch { return .failure(error) }
}
