import Providers
import Seams
import Settlement
import Storage

extension ReconciliationWorker {
    /// The most accounts of a provider in one round.
    private static let accountsPerLook = 100

    /// Looks for money that came without a trace, on a rail that is read as a whole.
    func lookForUntraced(of provider: any PaymentProvider, by scan: any TransferScanning, into pass: inout Pass) async {
        await attempt("balances of \(provider.key)", into: &pass) { pass in
            try await findUntraced(provider, by: scan, into: &pass)
        }
    }

    private func findUntraced(
        _ provider: any PaymentProvider,
        by scan: any TransferScanning,
        into pass: inout Pass
    ) async throws {
        let key = provider.key
        let turn = "untraced \(key)"
        let (start, now) = (memory.reached(turn), settlement.clock.now())
        guard let standing = try await scan.standingAccounts.first else { return }
        let (position, stored) = try await settlement.database.read { session in
            let position = try session.scanPosition(
                provider: key,
                account: standing.account,
                subject: standing.subject
            )
            let limit = Self.accountsPerLook
            return (position, try session.activeAccounts(provider: key, activeAt: now, after: start, limit: limit))
        }
        memory.set(stored.count < Self.accountsPerLook ? "" : stored.last?.account ?? "", of: turn)
        guard let position else { return }
        let accounts = stored.map { ScanAccount(account: $0.account, subject: $0.subject) }
        let marks = try await scan.marks(of: accounts, at: position)
        for recorded in try await settlement.record(marks, of: standing, at: provider, where: position) {
            switch recorded {
            case .payment: pass.payments += 1
            case .booked: pass.movements += 1
            case .undone: pass.undone += 1
            case .setAside: pass.setAside += 1
            case .ignored, .repetition: break
            }
        }
    }
}
