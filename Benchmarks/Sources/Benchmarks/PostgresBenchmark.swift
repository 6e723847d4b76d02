import Foundation
import Payments
import Storage
import StoragePostgreSQL

/// Durable credits on PostgreSQL, by one gateway and by two, beside pgbench running the same statements.
enum PostgresBenchmark {
    private static let merchants = 1_000
    private static let clients = 32
    /// How many times each client runs the script; a time would need a signal that a child process does not get.
    private static let runs = 150

    static func run(settings: String, rounds: Int, credits: Int) async throws {
        let first = try await Desk(merchants: merchants, on: PostgresDatabase(settings: settings))
        let second = try await Desk(merchants: merchants, on: PostgresDatabase(settings: settings), node: 2)
        var (one, two): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            let references = try await first.openInvoices(2 * credits)
            let (alone, together) = (Array(references[..<credits]), Array(references[credits...]))
            one.append(
                try await Figures.seconds { _ = try await CreditBenchmark.concurrently(first, alone) }
            )
            let half = credits / 2
            two.append(
                try await Figures.seconds {
                    async let left = CreditBenchmark.concurrently(first, Array(together[..<half]))
                    async let right = CreditBenchmark.concurrently(second, Array(together[half...]))
                    _ = try await (left, right)
                }
            )
        }
        _ = try OtherProgram.output(of: ["psql", "-q", "-c", "CREATE DATABASE bench_pgbench", settings])
        let place = "\(settings) dbname=bench_pgbench"
        let script = try await script(place, invoices: 20_000)
        defer { try? FileManager.default.removeItem(atPath: script) }
        let pgbench = Figures.median(try (0..<rounds).map { _ in try transactionsPerSecond(place, script) })
        for (name, times) in [("one gateway", one), ("two gateways", two)] {
            let rate = Double(credits) / Figures.median(times)
            Figures.line(
                "durable credits on PostgreSQL, \(name): \(Figures.rounded(rate / pgbench)) of pgbench with \(clients)"
                    + " clients running the same statements (\(Figures.rounded(rate)) and"
                    + " \(Figures.rounded(pgbench)) a second)"
            )
        }
        await first.close()
        await second.close()
    }

    /// Writes a script with the statements of one credit, and a table of invoices for it.
    private static func script(_ settings: String, invoices: Int) async throws -> String {
        let recorder = StatementRecorder(base: try PostgresDatabase(settings: settings, books: 1))
        let desk = try await Desk(merchants: merchants, on: recorder, node: 3)
        let references = try await desk.openInvoices(invoices + 2)
        var credits: [[RecordedStatement]] = []
        for number in 0..<2 {
            recorder.log.statements.withLock { $0 = [] }
            try await desk.credit(references[number], number: number)
            credits.append(recorder.log.statements.withLock { $0 })
        }
        let paid = references[1]
        let match = try await recorder.base.write { session in
            try session.execute("DROP TABLE IF EXISTS bench_invoices", [])
            try session.execute(
                """
                CREATE TABLE bench_invoices AS SELECT row_number() OVER () AS n, o.reference_value AS reference,
                o.id AS option, o.invoice, i.merchant FROM payment_options o JOIN invoices i ON i.book = o.book
                AND i.id = o.invoice
                WHERE i.settled_at IS NULL LIMIT \(invoices)
                """,
                []
            )
            try session.execute("CREATE UNIQUE INDEX bench_invoices_by_number ON bench_invoices (n)", [])
            try session.execute("ANALYZE bench_invoices", [])
            return try session.option(paid, at: Desk.provider)
        }
        guard let match else { throw OtherProgram.Failure(reason: "the invoice that was paid cannot be found") }
        var script = PgbenchScript(
            variables: [
                ("reference", .text(paid.value)), ("option", .blob(match.option.id.bytes)),
                ("invoice", .blob(match.invoice.id.bytes)), ("merchant", .blob(match.merchant.id.bytes)),
            ],
            invoices: invoices
        )
        let path = FileManager.default.temporaryDirectory.path + "/credit-\(UUID().uuidString).sql"
        try Data(script.text(of: credits[1], beside: credits[0]).utf8).write(to: URL(fileURLWithPath: path))
        await desk.close()
        return path
    }

    private static func transactionsPerSecond(_ settings: String, _ script: String) throws -> Double {
        let text = try OtherProgram.output(of: [
            "pgbench", "-n", "-M", "prepared", "-c", "\(clients)", "-j", "2", "-t", "\(runs)", "-f", script, settings,
        ])
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("tps = ") }
        guard let line, let rate = line.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) else {
            throw OtherProgram.Failure(reason: "pgbench prints no rate: \(text)")
        }
        return rate
    }
}
