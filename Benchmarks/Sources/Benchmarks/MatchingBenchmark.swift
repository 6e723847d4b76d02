import Foundation
import Payments

/// What finding a receipt's invoice costs, with few and with many open ones.
enum MatchingBenchmark {
    static func run(small: Int, large: Int) async throws {
        let few = try await microseconds(open: small)
        let many = try await microseconds(open: large)
        Figures.line(
            "matching a receipt: \(Figures.rounded(many / few)) times as long with \(large) open invoices as with \(small)"
                + " (\(Figures.rounded(many)) and \(Figures.rounded(few)) microseconds)"
        )
    }

    private static func microseconds(open count: Int) async throws -> Double {
        let desk = try await Desk(merchants: 10)
        let references = try await desk.openInvoices(count)
        let lookups = 5_000
        // In one read, so that the queries are measured and not the way to them.
        let took = try await Figures.seconds {
            try await desk.settlement.database.read { session in
                var found = 0
                for number in 0..<lookups {
                    let reference = references[number * 7_919 % count]
                    if try session.option(reference, at: Desk.provider) != nil { found += 1 }
                }
                precondition(found == lookups, "an open invoice was not found")
            }
        }
        await desk.close()
        return took / Double(lookups) * 1e6
    }
}
