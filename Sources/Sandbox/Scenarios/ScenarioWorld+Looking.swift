import FixtureTON
import Gateway
import Ledger
import Money
package import Operations
import Payments
import Providers
import Reconciliation
import Records
import Sandbox
import Settlement
import Storage

/// What the books, cases and events of the world say.
extension ScenarioWorld {
    /// The gateway's identifier of an asset that a scenario names.
    package func assetText(_ text: String) -> String {
        switch text {
        case "ton:testnet:jetton:sandbox": home.jettonAsset
        case "evm:sandbox:erc20": home.tokenAsset
        case "evm:sandbox:native": SandboxHome.coinAsset
        default: text
        }
    }

    func asset(_ text: String) throws -> Asset {
        guard let asset = gateway.settlement.assets.asset(try AssetID(assetText(text))) else {
            throw ScenarioError("there is no asset \(text)")
        }
        return asset
    }

    func amount(_ text: String, _ assetID: String) throws -> Amount { try asset(assetID).amount(text) }

    /// The sum that all accounts of a kind owe, as text.
    ///
    /// - Throws: ``ScenarioError`` for a kind that the chart does not have, on which nothing is ever held, and what the
    ///   database throws.
    package func held(on code: String, asset text: String) async throws -> String {
        let asset = try asset(text)
        guard gateway.settlement.chart.accounts.contains(where: { $0.code == code }) else {
            throw ScenarioError("the chart of accounts has no '\(code)'")
        }
        let balances = try await gateway.settlement.database.read { try $0.balances(code: AccountCode(code)) }
        let own = balances.map(\.amount).filter { $0.asset == asset.id }
        return try asset.text(Amount.sum(own, asset: asset.id).negated())
    }

    /// The reasons of the open cases.
    ///
    /// - Throws: what the database throws.
    package func openCases() async throws -> [String] {
        try await gateway.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 1_000)).map(\.reason.rawValue)
        }
    }

    /// The types of the events about a subject that the merchant has accepted.
    ///
    /// - Throws: never.
    package func eventsTaken(about subject: String) async throws -> [String] {
        server.events.filter { $0.subject == subject }.map(\.type)
    }

    /// How many events the merchant has accepted, and how many requests it refused.
    package var eventCounts: (taken: Int, refused: Int) { (server.events.count, server.refused) }

    /// The reconciliation report as it is now.
    ///
    /// - Throws: what the database throws.
    package func report() async throws -> ReportRendering {
        ReportRendering(
            try await ReconciliationReport.make(for: gateway.settlement),
            assets: gateway.settlement.assets
        )
    }

    /// The reasons why the books are not clean.
    ///
    /// - Throws: what the database throws.
    package func findings() async throws -> [String] {
        var problems = try await report().problems
        if networks.ton.imbalance != 0 { problems.append("the fixture chain lost \(networks.ton.imbalance) nanotons") }
        return problems
    }
}
