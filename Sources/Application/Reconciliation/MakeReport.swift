package import Ledger
import Money
import Payments
import Providers
import Records
import Seams
package import Settlement
import Storage

extension ReconciliationReport {
    /// Compares ledger, provider statements and chain balances as they are now.
    ///
    /// A provider that cannot be asked gets a line that says so; the report itself never changes the books.
    ///
    /// - Parameters:
    ///   - settlement: whose books and rails are compared.
    ///   - period: the period whose trial balance is in the report as well; nil for none.
    /// - Throws: what the database throws.
    /// - Returns: the report.
    package static func make(for settlement: Settlement, period: LedgerPeriod? = nil) async throws -> Self {
        // A page that a scan reads meanwhile would show as a difference: the report is then made again, a few times.
        for _ in 0..<4 {
            if let report = try await make(for: settlement, period, onlyIfStill: true) { return report }
        }
        guard let report = try await make(for: settlement, period, onlyIfStill: false) else {
            throw SettlementError(.conflict, "no report could be made")
        }
        return report
    }

    /// A report; nil when a scan has moved while it was made.
    private static func make(
        for settlement: Settlement,
        _ period: LedgerPeriod?,
        onlyIfStill: Bool
    ) async throws -> Self? {
        let now = settlement.clock.now()
        let providers = settlement.providers.providers
        let places = try await ScanPlaces(of: providers, in: settlement.database)
        // The rails are asked before the database: a payment that arrives in between shows as a difference, and never
        // hides one.
        var statements: [String: Result<ProviderStatement, ProviderError>] = [:]
        var warnings: [String] = []
        for provider in providers {
            // A rail that cannot be asked has its line below.
            let found = (try? await provider.warnings()) ?? []
            warnings += found.map { "\(provider.key): \($0)" }
            guard let state = provider.state else { continue }
            let stored = try await settlement.database.read { session in
                try session.allScanAccounts(provider: provider.key)
            }
            let accounts = stored.map { ScanAccount(account: $0.account, subject: $0.subject) }
            do {
                let statement = try await state.balances(of: accounts, at: places.positions[provider.key])
                statements[provider.key] = .success(statement)
            } catch { statements[provider.key] = .failure(error) }
        }
        let forgotten = try await UnconfiguredHoldings(for: settlement)
        let (asked, told) = (statements, warnings + forgotten.sentences)
        return try await settlement.database.read { session -> Self? in
            if onlyIfStill, try !places.isStill(in: session) { return nil }
            // A row that cannot be read is a finding of the audit, and does not end the report.
            var unread: [String] = []
            func readable<Value>(_ what: String, _ none: Value, _ read: () throws -> Value) throws -> Value {
                do { return try read() } catch let error as StorageError where error.code == .corrupt {
                    unread.append("\(what) cannot be read: \(error.reason)")
                    return none
                }
            }
            let books = try Books(
                receivables: readable("balances", []) {
                    try session.balances(code: AccountCode("provider_receivable"))
                },
                onTheirWay: readable("transfers on their way", []) {
                    try session.outgoing(in: [.inProgress, .unknown], dueAt: .distantFuture, limit: 10_000)
                },
                session
            )
            let overdue = try readable("overdue transfers", []) { try OverdueTransfers.list(in: session, at: now) }
            let openCases = try readable("open cases", []) {
                try session.cases(of: nil, state: .open, in: Page(limit: 1_000))
            }
            let dismissed = try readable("dismissed cases", []) { try settlement.dismissed(in: session) }
            let current = LedgerPeriod(bookedAt: now, after: try session.newestPeriod())
            return Self(
                madeAt: now,
                lines: try providers.flatMap { try books.lines(of: $0, asked[$0.key]) }
                    + books.lines(of: forgotten.providers) + books.lines(ofUnused: forgotten.bots),
                trialBalance: try session.trialBalance(),
                currentPeriod: current,
                period: try period.flatMap { period in
                    try readable("the balances of \(period)", nil) { try session.trialBalance(of: period) }
                },
                auditFindings: try settlement.audit(in: session) + unread,
                warnings: told + dismissed + periodAhead(current, at: now),
                overdue: overdue,
                openCases: openCases,
                watermarks: books.watermarks,
                pendingMessages: try session.inboxDepth()
            )
        }
    }
}

/// A warning when the current period is a month that has not come yet.
///
/// Transactions that were booked while the clock was ahead cannot be moved, and periods only go forward.
private func periodAhead(_ current: LedgerPeriod, at now: Timestamp) -> [String] {
    let month = LedgerPeriod(containing: now)
    guard current > month else { return [] }
    return ["what is booked now belongs to \(current) and not to \(month), because something was booked there before"]
}

extension Settlement {
    /// The sums on suspense whose cases were dismissed, a sentence each: they are nobody's, and no open case names
    /// them.
    fileprivate func dismissed(in session: any SQLSession) throws -> [String] {
        try session.dismissedOnSuspense().map { account, sum in
            // Money that came in is a credit on suspense, and credits are negative.
            let sum = AmountSum(of: sum.asset, units: -sum.units)
            let asset = assets.asset(sum.asset)
            let amount = asset.flatMap { try? $0.text(sum) } ?? "\(sum.units) units"
            return "\(account): \(amount) \(asset?.code ?? sum.asset.text) of cases that were dismissed lie there"
        }
    }
}
