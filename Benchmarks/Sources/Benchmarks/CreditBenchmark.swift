import CCeilings
import Foundation
import Payments

/// Durable credits: an observation, a settled invoice, a payment, a ledger transaction, its balances and two events, each in
/// a commit that is synced to the disk.
enum CreditBenchmark {
    static let concurrency = 64

    static func run(rounds: Int, credits: Int) async throws {
        for (name, merchants) in [
            ("durable credits, 64 at once, 1,000 merchants", 1_000), ("the same, one merchant", 1),
        ] {
            var product: [Double] = []
            var ceiling: [Double] = []
            var latencies: [Double] = []
            for _ in 0..<rounds {
                let desk = try await Desk(merchants: merchants)
                let references = try await desk.openInvoices(credits)
                let took = try await Figures.seconds { latencies += try await concurrently(desk, references) }
                product.append(took)
                await desk.close()
                ceiling.append(bare(credits))
            }
            let (ours, bare) = (
                Double(credits) / Figures.median(product), Double(credits) / Figures.median(ceiling)
            )
            Figures.line(
                "\(name): \(Figures.rounded(ours / bare)) of a bare C loop on SQLite with 64 a commit"
                    + " (\(Figures.rounded(ours)) and \(Figures.rounded(bare)) a second,"
                    + " p99 \(Figures.rounded(Figures.percentile(latencies, 0.99) * 1_000)) ms)"
            )
        }
        let desk = try await Desk(merchants: 1)
        let references = try await desk.openInvoices(200)
        let took = try await Figures.seconds {
            for (number, reference) in references.enumerated() { try await desk.credit(reference, number: number) }
        }
        await desk.close()
        Figures.line("durable credits one after the other: \(Figures.rounded(200 / took)) a second")
    }

    /// Credits everything with 64 tasks; answers how long each credit took, in seconds.
    static func concurrently(_ desk: Desk, _ references: [PaymentReference]) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for worker in 0..<concurrency {
                group.addTask {
                    var latencies: [Double] = []
                    for number in stride(from: worker, to: references.count, by: concurrency) {
                        latencies.append(
                            try await Figures.seconds { try await desk.credit(references[number], number: number) }
                        )
                    }
                    return latencies
                }
            }
            var all: [Double] = []
            for try await latencies in group { all += latencies }
            return all
        }
    }

    private static func bare(_ credits: Int) -> Double {
        let folder = FileManager.default.temporaryDirectory.path + "/ceiling-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return ceiling_sqlite_credits(folder + "/ceiling.sqlite", Int32(credits), 64)
    }
}
