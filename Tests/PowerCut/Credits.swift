import Ledger
import Money
import Seams
package import Storage
import Synchronization

/// Ledger transactions that many tasks book at once, and when each was acknowledged.
package final class Credits: Sendable {
    /// The identifier of a ledger transaction, and the position of the log when its caller had the answer.
    package struct Acknowledgement: Sendable {
        package let id: String
        package let position: UInt64
    }

    private let kept = Mutex<[Acknowledgement]>([])
    private let log: OperationLog

    /// No credit yet; the disk is recorded in `log`.
    package init(recordedIn log: OperationLog) {
        self.log = log
    }

    /// The credits that were acknowledged.
    package var acknowledged: [Acknowledgement] { kept.withLock { $0 } }

    /// Books ledger transactions from several tasks, which go on when one fails; `first` runs in each unit of work
    /// before the booking.
    package func book(
        _ count: Int,
        tasks: Int = 16,
        in database: any Database,
        first: @escaping @Sendable (any SQLSession, Int) throws -> Void = { _, _ in }
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for number in stride(from: task, to: count, by: tasks) {
                        await self.book(number, in: database, first: first)
                    }
                }
            }
        }
    }

    private func book(
        _ number: Int,
        in database: any Database,
        first: @escaping @Sendable (any SQLSession, Int) throws -> Void
    ) async {
        let amount = Amount(asset: .stars, units: Int256(number + 1))
        guard
            let transaction = try? LedgerTransaction(
                id: Identifier(value: UInt128(number + 1)),
                kind: .movement,
                subject: LedgerSubject(.movement, "subject \(number % 7)"),
                occurredAt: Timestamp(seconds: 1),
                postedAt: Timestamp(seconds: 1),
                postings: [
                    Posting(account: AccountID(text: "a/\(number % 5)"), amount: amount),
                    Posting(account: AccountID(text: "b"), amount: amount.negated()),
                ]
            )
        else { return }
        do {
            try await database.write { session in
                try first(session, number)
                try LedgerWriter(session).post(transaction)
            }
        } catch { return }
        acknowledge("\(transaction.id)")
    }

    /// Notes that the caller of a unit of work has its answer.
    package func acknowledge(_ id: String) {
        let position = log.position
        kept.withLock { $0.append(Acknowledgement(id: id, position: position)) }
    }

    /// The acknowledged credits that are missing after a power cut at a position, and the findings of the audit.
    package func losses(in database: any Database, cutAt position: UInt64) async throws -> [String] {
        let answered = acknowledged.filter { $0.position <= position }.map(\.id)
        let (audit, found) = try await database.read { session in
            var found = 0
            for start in stride(from: 0, to: answered.count, by: 500) {
                let ids = answered[start..<min(start + 500, answered.count)]
                let places = ids.indices.map { "$\($0 - start + 1)" }.joined(separator: ", ")
                found += try session.query(
                    "SELECT id FROM ledger_transactions WHERE id IN (\(places))",
                    ids.map { .blob((try? Identifier<LedgerTransactionKind>($0))?.bytes ?? []) }
                ).count
            }
            return (try session.auditJournal(), found)
        }
        let lost = answered.count - found
        return audit.findings + (lost > 0 ? ["\(lost) of \(answered.count) acknowledged credits are gone"] : [])
    }
}
