import BigInt
import EVM
import Money
import Payments
public import Providers
import Seams
import StrictJSON

extension EVMProvider {
    /// Coins that contracts have passed on inside chain transactions.
    ///
    /// They leave no log, and no chain transaction goes to the address; wallets that are contracts and many exchanges pay
    /// so. What the wallets and the addresses of options hold at the last block that was read shows it.
    ///
    /// - Throws: `ProviderError`.
    public func marks(of accounts: [ScanAccount], at position: String) async throws(ProviderError) -> [BalanceMark] {
        let place = try BlockLocator(stored: position).last
        var addresses = [hotAddress, gasAddress]
        for account in accounts {
            do { addresses.append(try EVMAddress(account.account)) } catch {
                throw ProviderError(.malformed, error.reason)
            }
        }
        guard try await client.hash(at: place.number) == place.hash else { return [] }
        let holdings = addresses.map { EVMClient.Holding(owner: $0, token: nil) }
        let balances = try await client.balances(holdings, after: place.hash)
        let block = try await read(place.number...place.number)
        let moment = Timestamp(seconds: Int64(clamping: block.first?.header.timestamp ?? 0))
        return zip(addresses, balances).map { address, balance in
            mark(address, BalanceChange(before: balance, after: balance), in: place, at: moment)
        }
    }

    /// What an account held of the chain's coin around a block.
    func mark(
        _ address: EVMAddress,
        _ change: BalanceChange?,
        in place: BlockLocator.Place,
        at moment: Timestamp
    ) -> BalanceMark {
        func amount(_ wei: BigUInt?) -> Amount? {
            wei.flatMap { Int256(exactly: BigInt($0)) }.map { Amount(asset: coin, units: $0) }
        }
        let isWallet = address == hotAddress || address == gasAddress
        let chain = "\(configuration.chainID)"
        return BalanceMark(
            account: address.lowercased,
            before: amount(change?.before),
            after: amount(change?.after),
            arrival: isWallet
                ? nil : untraced(.zero(coin), on: address, in: place, at: moment, part: "earlier"),
            change: AccountMovement(
                naturalKey: NaturalKey("evm", chain, place.hash.description, address.lowercased, "earlier"),
                kind: .unexplained,
                amount: .zero(coin),
                reason: "changed without a trace in the chain",
                occurredAt: moment
            )
        )
    }

    /// A payment of an option by coins of which only its address's balance tells.
    func untraced(
        _ amount: Amount,
        on address: EVMAddress,
        in place: BlockLocator.Place,
        at moment: Timestamp,
        part: String = "balance"
    ) -> IncomingTransfer {
        let chain = "\(configuration.chainID)"
        let evidence: JSONValue = [
            "chain": .string(chain), "block": .string("\(place.number)"),
            "block_hash": .string(place.hash.description), "account": .string(address.description),
        ]
        return IncomingTransfer(
            naturalKey: NaturalKey("evm", chain, place.hash.description, address.lowercased, part),
            reference: reference(to: address),
            amount: amount,
            // Nobody has signed for it: a refund needs an address that the customer names.
            payer: nil,
            refundTarget: nil,
            evidence: evidence.text,
            occurredAt: moment,
            availableAt: moment
        )
    }
}
