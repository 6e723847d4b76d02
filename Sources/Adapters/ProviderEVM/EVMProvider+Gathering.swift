import BigInt
import EVM
import Money
import Payments
package import Providers
import Seams

extension EVMProvider: FundGathering {
    /// Coins are gathered when they are worth at least this many times the fee.
    private static let worth: BigUInt = 20

    /// Moves the money on addresses of options to the hot wallet: tokens first, then coins.
    ///
    /// Each step starts from the final state, with its next number. When a step is signed again, only the fees differ,
    /// and one of the signatures takes effect. An address without coins for the fee gets them from the gas account
    /// first.
    ///
    /// - Throws: `ProviderError`.
    package func gather(
        _ accounts: [HoldingAccount],
        through gate: any SigningGate
    ) async throws(ProviderError) -> GatheringOutcome {
        let permit = try await gate.permit(readWallet(nil, scannedTo: nil))
        let tip = try await client.tip(configuration.finality)
        let block = try await client.hash(at: tip.final)
        let (head, priority) = (try await freshHead(), try await client.priorityFee())
        let base = price(after: head)
        let price = base + base / 8 + priority
        guard price <= configuration.maximumGasPrice else {
            throw ProviderError(.unavailable, "gas costs more than the configured maximum")
        }
        let fee = EVMTransaction.Fee.dynamic(maximum: price, priority: priority)
        var outcome = GatheringOutcome()
        var topUps = TopUps(gate: gate)
        for account in accounts {
            do throws(ProviderError) {
                let address = try depositAddress(of: account.option)
                guard address.lowercased == account.account else {
                    throw ProviderError(.malformed, "\(account.account) is not the address of \(account.option)")
                }
                let note = GatheringNote(option: account.option)
                switch try await nextStep(address, note, after: block, fee: fee, head) {
                case .nothing: outcome.empty.append(account)
                case .send(let transaction, let movement):
                    let wallet = OwnWallet.option(account.option)
                    try await submit(
                        signed(transaction, by: wallet, for: .gathering([movement]), under: permit)
                    )
                    outcome.sent += 1
                case .topUp(let wei):
                    try await topUp(account.option, wei: wei, fee: fee, &topUps)
                    outcome.sent += 1
                }
            } catch { outcome.problems.append("\(account.account): \(error.reason)") }
        }
        return outcome
    }

    /// The next step for an address.
    private enum Step {
        /// It holds nothing that is worth its fee.
        case nothing
        /// Its money moves on.
        case send(EVMTransaction, OwnMovement)
        /// It needs coins for the fee first.
        case topUp(BigUInt)
    }

    /// The numbers of the gas account's chain transactions in one round.
    private struct TopUps {
        let gate: any SigningGate
        var permit: SigningPermit?
        var sent: Int64 = 0
    }

    private func nextStep(
        _ address: EVMAddress,
        _ note: GatheringNote,
        after block: EVMHash,
        fee: EVMTransaction.Fee,
        _ head: EVMHeader
    ) async throws(ProviderError) -> Step {
        let holdings =
            [EVMClient.Holding(owner: address, token: nil)]
            + configuration.tokens.map { EVMClient.Holding(owner: address, token: $0.contract) }
        let balances = try await client.balances(holdings, after: block)
        let nonce = try await client.nonce(of: address, after: block)
        let coins = balances[0] ?? 0
        for (token, balance) in zip(configuration.tokens, balances.dropFirst()) {
            guard let held = balance, held > (configuration.gatheringMinimum[token.asset] ?? 0) else { continue }
            // Contracts read their own arguments and ignore the bytes behind them.
            let data = ERC20.transfer(to: hotAddress, amount: held) + note.bytes
            let estimate = try await client.gas(from: address, to: token.contract, value: 0, data: data)
            let gas = try limit(estimate, of: data, in: head)
            let needed = fee.maximum * BigUInt(gas)
            guard coins >= needed else { return .topUp(needed + needed / 4 - coins) }
            let call = transaction(nonce, fee, gas, to: token.contract, value: 0, data: data)
            return .send(call, OwnMovement(to: .payouts, asset: token.asset, units: Int256(exactly: BigInt(held))))
        }
        let cost = fee.maximum * BigUInt(note.gas)
        guard coins > cost * Self.worth else { return .nothing }
        let value = coins - cost
        return .send(
            transaction(nonce, fee, note.gas, to: hotAddress, value: value, data: note.bytes),
            OwnMovement(to: .payouts, asset: coin, units: Int256(exactly: BigInt(value)))
        )
    }

    private func transaction(
        _ nonce: UInt64,
        _ fee: EVMTransaction.Fee,
        _ gas: UInt64,
        to: EVMAddress,
        value: BigUInt,
        data: [UInt8]
    ) -> EVMTransaction {
        EVMTransaction(
            kind: .dynamicFee,
            chainID: configuration.chainID,
            nonce: nonce,
            fee: fee,
            gasLimit: gas,
            to: to,
            value: value,
            data: data
        )
    }

    private func topUp(
        _ option: PaymentOptionID,
        wei: BigUInt,
        fee: EVMTransaction.Fee,
        _ topUps: inout TopUps
    ) async throws(ProviderError) {
        let cost = wei + fee.maximum * 21_000
        guard try await client.latestBalance(of: gasAddress) >= cost else {
            throw ProviderError(.unavailable, "the gas account \(gasAddress) holds too little coin; top it up")
        }
        let permit: SigningPermit
        if let given = topUps.permit {
            permit = given
        } else {
            permit = try await topUps.gate.permit(readWallet(gasAddress.lowercased, scannedTo: nil))
            topUps.permit = permit
        }
        guard let first = permit.number else { throw ProviderError(.invalidRequest, "the gas account has nonces") }
        let nonce = first + topUps.sent
        try await topUps.gate.store(nonce, under: permit)
        topUps.sent += 1
        let address = try depositAddress(of: option)
        let movement = OwnMovement(to: .option(option), asset: coin, units: Int256(exactly: BigInt(wei)))
        let top = transaction(UInt64(clamping: nonce), fee, 21_000, to: address, value: wei, data: [])
        try await submit(signed(top, by: .fees, for: .topUps([movement]), under: permit))
    }

    private func submit(_ raw: [UInt8]) async throws(ProviderError) {
        do throws(ProviderError) { try await client.broadcast(raw) } catch {
            // The same step was already sent and is pending.
            let isHarmless = ["already known", "nonce too low", "underpriced"].contains { error.reason.contains($0) }
            guard isHarmless else { throw error }
        }
    }
}
