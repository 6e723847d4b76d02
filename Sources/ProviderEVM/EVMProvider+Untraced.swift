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
    /// so. What an address holds at the last block that was read, of which nothing was recorded and from which nothing was
    /// ever sent, is what came that way.
    ///
    /// - Throws: `ProviderError`.
    public func untraced(
        on accounts: [ScanAccount],
        at position: String
    ) async throws(ProviderError) -> [IncomingTransfer] {
        let place = try BlockLocator(stored: position).last
        var addresses: [EVMAddress] = []
        for account in accounts where account.subject == coin.text {
            do { addresses.append(try EVMAddress(account.account)) } catch {
                throw ProviderError(.malformed, error.reason)
            }
        }
        guard !addresses.isEmpty, try await client.hash(at: place.number) == place.hash else { return [] }
        let holdings = addresses.map { EVMClient.Holding(owner: $0, token: nil) }
        let balances = try await client.balances(holdings, after: place.hash)
        var found: [IncomingTransfer] = []
        for (address, balance) in zip(addresses, balances) where balance > 0 {
            guard try await client.nonce(of: address, after: place.hash) == 0 else { continue }
            guard let units = Int256(exactly: BigInt(balance)) else {
                throw ProviderError(.malformed, "an amount needs more than 255 bits")
            }
            let block = try await read(place.number...place.number)
            let moment = Timestamp(seconds: Int64(clamping: block.first?.header.timestamp ?? 0))
            found.append(untraced(Amount(asset: coin, units: units), on: address, in: place, at: moment))
        }
        return found
    }

    /// A payment of an option by coins of which only its address's balance tells.
    func untraced(
        _ amount: Amount,
        on address: EVMAddress,
        in place: BlockLocator.Place,
        at moment: Timestamp
    ) -> IncomingTransfer {
        let chain = "\(configuration.chainID)"
        let evidence: JSONValue = [
            "chain": .string(chain), "block": .string("\(place.number)"),
            "block_hash": .string(place.hash.description), "account": .string(address.description),
        ]
        return IncomingTransfer(
            naturalKey: NaturalKey("evm", chain, place.hash.description, address.lowercased, "balance"),
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
