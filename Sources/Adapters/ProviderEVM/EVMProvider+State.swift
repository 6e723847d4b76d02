import BigInt
import EVM
import Money
package import Providers
import Seams

extension EVMProvider: BalanceStating {
    /// The balances of the wallets and the addresses of options after the last block that was read, or after the last
    /// final one.
    ///
    /// - Throws: `ProviderError`.
    package func balances(
        of accounts: [ScanAccount],
        at position: String?
    ) async throws(ProviderError) -> ProviderStatement {
        let number: UInt64
        if let position {
            number = try BlockLocator(stored: position).last.number
        } else {
            number = try await reporter.tip(configuration.finality).final
        }
        guard let block = try await read(number...number, by: reporter).first else {
            throw ProviderError(.lagging, "the nodes have no block \(number)")
        }
        var owners = [hotAddress, gasAddress]
        for account in accounts {
            do { owners.append(try EVMAddress(account.account)) } catch {
                throw ProviderError(.malformed, error.reason)
            }
        }
        let kinds: [(asset: AssetID, token: EVMAddress?)] =
            [(coin, nil)] + configuration.tokens.map { ($0.asset, $0.contract) }
        let holdings = Set(owners).flatMap { owner in
            kinds.map { EVMClient.Holding(owner: owner, token: $0.token) }
        }
        var sums: [EVMAddress?: BigUInt] = [:]
        var untold: Set<AssetID> = []
        for (holding, balance) in zip(holdings, try await reporter.balances(holdings, after: block.hash)) {
            if let balance {
                sums[holding.token, default: 0] += balance
            } else if let token = holding.token.flatMap(token(at:)) {
                untold.insert(token.asset)
            }
        }
        var balances: [Amount] = []
        var beyond: [AssetID: String] = [:]
        for kind in kinds where !untold.contains(kind.asset) {
            let sum = sums[kind.token] ?? 0
            if let units = Int256(exactly: BigInt(sum)) {
                balances.append(Amount(asset: kind.asset, units: units))
            } else {
                beyond[kind.asset] = "\(sum)"
            }
        }
        return ProviderStatement(
            balances: balances,
            beyondAmounts: beyond,
            untold: untold,
            asOf: Timestamp(seconds: Int64(clamping: block.header.timestamp)),
            source: "the chain's state after block \(block.number)"
        )
    }
}

extension EVMProvider {
    /// The balance below which a wallet can pay for only a few more payouts, in wei: a hundredth of a coin.
    private static let lowWater = BigUInt(10).power(16)

    /// Warnings of wallets that run dry.
    ///
    /// - Throws: `ProviderError`.
    package func warnings() async throws(ProviderError) -> [String] {
        var warnings: [String] = []
        for (name, wallet) in [("wallet", hotAddress), ("gas account", gasAddress)]
        where try await reporter.latestBalance(of: wallet) < Self.lowWater {
            warnings.append("the \(name) \(wallet) holds less than 0.01 coins for fees; top it up")
        }
        return warnings
    }
}
