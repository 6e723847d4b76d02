import BigInt
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import Storage

extension ReconciliationWorker {
    /// How often a provider's balance is compared with the books.
    static let statementInterval = Duration.seconds(300)
    /// The most accounts of single options that are asked for it; the balances of more are compared by the report alone.
    private static let mostAccounts = 100

    /// Compares what a provider states with the books, and puts an unexplained difference on the board when it is there
    /// twice in a row: a payment that comes in between shows as a difference once.
    func compareStatement(of provider: any PaymentProvider, by state: any BalanceStating, into pass: inout Pass) async {
        await attempt("statement of \(provider.key)", into: &pass) { _ in
            guard let differences = try await unexplained(of: provider, by: state) else { return }
            let (name, now) = ("books of \(provider.key)", settlement.clock.now())
            let isTheSame = memory.note(differences, of: name)
            guard !differences.isEmpty else {
                settlement.conditions.clear(name)
                return
            }
            guard isTheSame else { return }
            settlement.conditions.raise(
                name,
                .degraded,
                "the rail states another balance than the books hold; 'settlegate reconcile' shows the difference",
                at: now
            )
        }
    }

    /// The differences that nothing explains, by asset; nil when they cannot be known now.
    private func unexplained(
        of provider: any PaymentProvider,
        by state: any BalanceStating
    ) async throws -> [String: String]? {
        let database = settlement.database
        let accounts = try await database.read { session in
            try session.allScanAccounts(provider: provider.key).map {
                ScanAccount(account: $0.account, subject: $0.subject)
            }
        }
        guard accounts.count <= Self.mostAccounts else { return nil }
        let places = try await ScanPlaces(of: [provider], in: database)
        // A rail that does not answer has a condition of its own.
        guard let statement = try? await state.balances(of: accounts, at: places.positions[provider.key]) else {
            return nil
        }
        return try await database.read { session in
            guard try places.isStill(in: session) else { return nil }
            let books = try Books(
                receivables: session.balances(code: AccountCode("provider_receivable")),
                onTheirWay: session.outgoing(in: [.inProgress, .unknown], dueAt: .distantFuture, limit: 10_000),
                session
            )
            let lines = try books.lines(of: provider, .success(statement)).filter { !$0.isExplained }
            return Dictionary(lines.map { ($0.ledger.asset.text, "\($0.difference.map { "\($0.units)" } ?? "?")") }) {
                first,
                _ in first
            }
        }
    }
}
