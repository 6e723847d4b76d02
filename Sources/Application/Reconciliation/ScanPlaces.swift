import Providers
import Storage

/// The scan cursors of rails that can state a balance at a cursor.
struct ScanPlaces {
    private let accounts: [String: ScanAccount]
    let positions: [String: String]

    init(of providers: [any PaymentProvider], in database: any Database) async throws {
        var accounts: [String: ScanAccount] = [:]
        for provider in providers {
            guard let scan = provider.scan, !scan.scansAccountsOfOptions else { continue }
            accounts[provider.key] = try await scan.standingAccounts.first
        }
        let asked = accounts
        self.accounts = accounts
        positions = try await database.read { try Self.positions(of: asked, in: $0) }
    }

    /// Whether no scan has moved since.
    func isStill(in session: any SQLSession) throws -> Bool {
        try Self.positions(of: accounts, in: session) == positions
    }

    private static func positions(
        of accounts: [String: ScanAccount],
        in session: any SQLSession
    ) throws -> [String: String] {
        var positions: [String: String] = [:]
        for (provider, account) in accounts {
            positions[provider] = try session.scanPosition(
                provider: provider,
                account: account.account,
                subject: account.subject
            )
        }
        return positions
    }
}
