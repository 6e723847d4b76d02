import Foundation
package import Ledger
package import Money
package import Payments
import Yams

/// The lists that an operator may extend: assets, chart of accounts and rail policy.
package struct Catalogues: Sendable {
    /// The assets that are known.
    package let assets: AssetRegistry
    /// The accounts that may be booked on.
    package let chart: ChartOfAccounts
    /// Which rails each kind of goods may be paid on.
    package let policy: RailPolicy

    /// The lists in a folder, and further assets that only this process knows.
    ///
    /// - Throws: ``ConfigurationError`` when a file is missing or cannot be used.
    package init(folder: String, with more: [Asset] = []) throws(ConfigurationError) {
        let listed = try ConfigurationFile.decode(AssetDocument.self, at: folder + "/assets.yaml")
        let accounts = try ConfigurationFile.decode(ChartDocument.self, at: folder + "/chart-of-accounts.yaml")
        policy = try ConfigurationFile.decode(RailPolicy.self, at: folder + "/rail-policy.yaml")
        do {
            assets = try AssetRegistry(listed.registry().assets + more)
            chart = try ChartOfAccounts(accounts.accounts)
        } catch { throw ConfigurationError("\(folder): \(error)") }
    }

    /// Reads a setting that gives an amount for each asset, as decimal texts.
    ///
    /// - Throws: ``ConfigurationError`` when an asset is not listed, and `MoneyError`.
    func units(_ amounts: [String: String]?, in place: String) throws -> [AssetID: Int256] {
        var units: [AssetID: Int256] = [:]
        for (text, amount) in amounts ?? [:] {
            guard let asset = assets.asset(try AssetID(text)) else {
                throw ConfigurationError("\(place): \(text) is not in the asset list")
            }
            units[asset.id] = try asset.amount(amount).units
        }
        return units
    }

    private struct ChartDocument: Codable {
        let accounts: [ChartAccount]
    }
}

/// An error in a configuration, as a sentence that says which file and what to do.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error, and what to do about it.
    package let reason: String

    /// An error in a configuration.
    package init(_ reason: String) {
        self.reason = reason
    }

    /// The error, and what to do about it.
    package var description: String { "configuration: \(reason)" }
}
