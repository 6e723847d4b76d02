import BigInt
import EVM
import Money
import Payments
package import Providers
import Seams
import StrictJSON

extension EVMProvider {
    /// The balances of the wallets and the addresses of options after the last block that was read.
    ///
    /// Contract wallets and many exchanges pay by coins that a contract passes on inside a chain transaction. These
    /// leave no log, and no chain transaction to the address. Tokens can also change balances without a log.
    ///
    /// - Throws: `ProviderError`.
    package func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark] {
        let place = try BlockLocator(stored: position).last
        var addresses = [hotAddress, gasAddress]
        for account in accounts {
            do { addresses.append(try EVMAddress(account.account)) } catch {
                throw ProviderError(.malformed, error.reason)
            }
        }
        guard try await client.hash(at: place.number) == place.hash else { return [] }
        let block = try await read(place.number...place.number)
        let moment = Timestamp(seconds: Int64(clamping: block.first?.header.timestamp ?? 0))
        var marks: [BalanceMark] = []
        for token in [nil] + configuration.tokens.map(\.contract) {
            let holdings = addresses.map { EVMClient.Holding(owner: $0, token: token) }
            marks += zip(holdings, try await client.balances(holdings, after: place.hash)).map { holding, balance in
                let change = balance.map { BalanceChange(before: $0, after: $0) }
                return mark(holding, change, rest: 0, recorded: 0, in: place, at: moment)
            }
        }
        return marks
    }

    /// What an account held of the chain's coin or of a token around a block, what of that the block does not explain, and by
    /// how much what is recorded of the block changes it.
    func mark(
        _ holding: EVMClient.Holding,
        _ change: BalanceChange?,
        rest: BigInt,
        recorded: BigInt,
        in place: BlockLocator.Place,
        at moment: Timestamp
    ) -> BalanceMark {
        let address = holding.owner
        let asset = holding.token.flatMap { token(at: $0) }?.asset ?? coin
        let isWallet = address == hotAddress || address == gasAddress
        let chain = "\(configuration.chainID)"
        let part = holding.token.map { "earlier \($0.lowercased)" } ?? "earlier"
        return BalanceMark(
            account: address.lowercased,
            before: change.map { AmountSum(of: asset, units: BigInt($0.before)) },
            after: change.map { AmountSum(of: asset, units: BigInt($0.after)) },
            rest: change.map { _ in AmountSum(of: asset, units: rest) },
            recorded: AmountSum(of: asset, units: recorded),
            isOfOption: !isWallet,
            // Tokens are payments only by their logs.
            arrival: isWallet || holding.token != nil
                ? nil : untraced(on: address, in: place, at: moment, part: part),
            change: AccountMovement(
                naturalKey: NaturalKey("evm", chain, place.hash.description, address.lowercased, part),
                kind: .unexplained,
                amount: .zero(asset),
                reason: "changed without a trace in the chain",
                place: RailPlace(
                    network: chain,
                    account: address.description,
                    transaction: nil,
                    block: place.hash.description
                ),
                occurredAt: moment
            )
        )
    }

    /// A payment of an option by coins of which only its address's balance tells; the balance says how many.
    ///
    /// Coins to the address of an option pay it: wallets that are contracts and many exchanges pay so. Of tokens only logs
    /// are payments.
    private func untraced(
        on address: EVMAddress,
        in place: BlockLocator.Place,
        at moment: Timestamp,
        part: String
    ) -> IncomingTransfer {
        let chain = "\(configuration.chainID)"
        let evidence: JSONValue = [
            "chain": .string(chain), "block": .string("\(place.number)"),
            "block_hash": .string(place.hash.description), "account": .string(address.description),
        ]
        var transfer = IncomingTransfer(
            naturalKey: NaturalKey("evm", chain, place.hash.description, address.lowercased, part),
            reference: reference(to: address),
            amount: .zero(coin),
            // Nobody has signed for it: a refund needs an address that the customer names.
            payer: nil,
            refundTarget: nil,
            evidence: evidence.text,
            occurredAt: moment,
            availableAt: moment
        )
        transfer.isShownByBalance = true
        return transfer
    }
}
