import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import Storage

/// Checks of a database before a gateway works on it.
extension Gateway {
    /// Refuses a database of the other environment: test money and real money never meet in one database.
    static func require(
        _ environment: GatewayConfiguration.Environment,
        of database: any Database
    ) async throws {
        let isLive = environment == .live
        guard try await database.write({ try $0.isLive(otherwise: isLive) }) == isLive else {
            try await database.close()
            let kept = isLive ? "test" : "live"
            throw ConfigurationError("the database holds \(kept) money; a \(environment) gateway needs one of its own")
        }
    }

    /// Refuses a changed scale: balances are numbers of smallest units, and another scale would change all of them.
    static func requireScales(of assets: AssetRegistry, in database: any Database) async throws {
        let changed = try await database.write { session in
            try assets.assets.filter { try session.scale(of: $0.id, otherwise: $0.scale) != $0.scale }
        }
        guard let asset = changed.first else { return }
        try await database.close()
        throw ConfigurationError(
            """
            assets.yaml: the scale of \(asset.id) is \(asset.scale), and the books of this database are kept with another: \
            every amount would be off; put the scale back
            """
        )
    }

    /// Refuses an account that another provider has booked: its whole history would be booked a second time.
    static func requireAccounts(of providers: [any PaymentProvider], in database: any Database) async throws {
        let conflict = try await database.write { session -> ConfigurationError? in
            for provider in providers {
                for account in provider.accountNames {
                    let owner = try session.owner(ofAccount: account, otherwise: provider.key)
                    guard owner != provider.key else { continue }
                    return ConfigurationError(
                        """
                        the account \(account) of \(provider.key) is \(owner)'s in this database, and each would book what happens \
                        there: keep one of them, under the key that it had
                        """
                    )
                }
            }
            return nil
        }
        guard let conflict else { return }
        try await database.close()
        throw conflict
    }

    static func addOperator(to database: any Database, at now: Timestamp) async throws {
        try await database.write { session in
            guard try session.merchant(operatorMerchant) == nil else { return }
            try session.insertOperator(
                MerchantRecord(id: operatorMerchant, name: "Operator", feeBasisPoints: 0, createdAt: now)
            )
        }
    }
}
