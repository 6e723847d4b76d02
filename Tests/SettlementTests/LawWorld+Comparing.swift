import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

/// The compared values.
extension LawWorld {
    func openCases() async throws -> [ExceptionCase] {
        try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 100)) }
    }

    /// The differences between the books and the model, a sentence each.
    func differences() async throws -> [String] {
        let lines = try await desk.settlement.database.read { try $0.trialBalance().lines }
        var found = compare(
            lines.compactMap { line in line.balance.amount.map { (line.account, $0) } },
            with: model.accounts,
            "all"
        )
        for (index, id) in payments.enumerated() {
            let booked = try await desk.settlement.database.read { try $0.ledgerTransactions(payment: id) }
            let postings = booked.flatMap(\.postings).map { ($0.account, $0.amount) }
            found += compare(postings, with: model.accounts(of: index), "payment \(index + 1)")
        }
        let cases = try await openCases().compactMap { open in
            payments.firstIndex { $0 == open.payment }.map { index in
                "\(index + 1) \(open.reason.rawValue) \(open.amount.map { "\($0.units)" } ?? "?")"
            }
        }
        let expected = model.payments.indices.flatMap { index -> [String] in
            let waits = model.reason(of: index).map { ["\(index + 1) \($0) \(model.waitingNow(index))"] } ?? []
            return waits
                + (model.payments[index].isMissed ? ["\(index + 1) orphaned \(model.payments[index].amount)"] : [])
        }
        if cases.sorted() != expected.sorted() { found.append("cases \(cases.sorted()), not \(expected.sorted())") }
        return found
    }

    func compare(
        _ postings: [(AccountID, Amount)],
        with expected: [String: Int],
        _ what: String
    ) -> [String] {
        var sums: [String: Int256] = [:]
        for (account, amount) in postings {
            let key = "\(account.code.rawValue) \(amount.asset.text)"
            guard let sum = try? Amount(asset: amount.asset, units: sums[key] ?? Int256(0)).adding(amount) else {
                return ["\(what): a sum does not fit"]
            }
            sums[key] = sum.units
        }
        return Set(sums.keys).union(expected.keys).sorted().compactMap { key in
            let (held, wanted) = (sums[key] ?? Int256(0), Int256(expected[key] ?? 0))
            return held == wanted ? nil : "\(what): \(key) holds \(held), not \(wanted)"
        }
    }
}
