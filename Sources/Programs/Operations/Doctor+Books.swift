import Gateway
import Records
import Storage
import StorageSQLite

/// Problems that the gateway itself has recorded, and that need a person.
extension Doctor {
    /// Reports wallets that sign nothing and scans that do not advance; a gateway may run meanwhile.
    func examineBooks(_ configuration: GatewayConfiguration, _ found: inout Findings) async {
        // Another check reports why the database cannot be read.
        guard let (wallets, scans) = try? await configuration.database.noticed() else { return }
        for wallet in wallets {
            let subject = "wallet \(wallet.wallet) of \(wallet.provider)"
            guard let hold = wallet.hold else {
                found.ok(subject, "it may sign")
                continue
            }
            found.error(
                subject,
                "it signs nothing since \(hold.since): \(hold.sentence)",
                """
                'settlegate wallets list' shows what left; say of each transfer whether it has left or is owed, then \
                'settlegate wallets resume \(wallet.provider) \(wallet.wallet)'
                """
            )
        }
        for scan in scans {
            guard let problem = scan.problem else { continue }
            let until = scan.completeUntil.map { "since \($0)" } ?? "from its beginning on"
            found.error(
                "scan of \(scan.provider)",
                "the history of \(scan.account) (\(scan.subject)) is not read \(until): \(problem)",
                "later payments are credited when they are read; check the provider's nodes, and the gateway's log"
            )
        }
    }
}

extension GatewayConfiguration.Database {
    /// The wallets, and where the scans stand.
    fileprivate func noticed() async throws -> (wallets: [WalletRecord], scans: [ScanState]) {
        if let path, postgresql == nil {
            return try SQLiteDatabase.look(at: path) { (try $0.wallets(), try $0.scanStates(provider: nil)) }
        }
        let database = try open(migrating: false)
        let noticed = try await database.read { (wallets: try $0.wallets(), scans: try $0.scanStates(provider: nil)) }
        try await database.close()
        return noticed
    }
}
