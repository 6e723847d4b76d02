import ArgumentParser
import Foundation

/// The product beside what the bare C libraries do, alternating in the same run; figures are ratios, and each line says what
/// it is a ratio of.
@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Benchmarks",
        abstract: "Measures the product as ratios to ceilings measured in the same run."
    )

    @Option(help: "How often each pair is measured; the median counts.") var rounds = 3
    @Option(help: "How many credits a round makes.") var credits = 6_400
    @Option(help: "How many addresses are watched in the middle round of catching up; ten times as many in the last.")
    var watched = 100_000
    @Option(help: "How many open invoices the large matching round has.") var open = 100_000

    @Option(help: "How PostgreSQL is reached, in libpq's words; without it its figures are left out.")
    var postgresql: String?

    @Option(help: "A Python with the packages of Tests/requirements.txt; without it other readers are left out.")
    var python: String?

    @Option(
        help: """
            Only one kind: signatures, constant-time, rlp, bags, catch-up, credits, matching, pre-checkout, postgresql or books.
            """
    )
    var only: String?

    mutating func run() async throws {
        let (rounds, credits, watched, open) = (rounds, credits, watched, open)
        let (postgresql, python) = (postgresql, python)
        let kinds: [(name: String, run: () async throws -> Void)] = [
            ("signatures", { try SignatureBenchmark.run(rounds: rounds) }),
            ("constant-time", { ConstantTimeBenchmark.run(measurements: 1_000_000) }),
            ("rlp", { try RLPBenchmark.run(rounds: rounds) }),
            ("bags", { try BagBenchmark.run(rounds: rounds, python: python) }),
            ("catch-up", { try await CatchUpBenchmark.run(rounds: rounds, watched: [1_000, watched, 10 * watched]) }),
            ("credits", { try await CreditBenchmark.run(rounds: rounds, credits: credits) }),
            (
                "postgresql",
                {
                    guard let postgresql else { return }
                    try await PostgresBenchmark.run(settings: postgresql, rounds: rounds, credits: credits)
                }
            ),
            (
                "books",
                {
                    guard let postgresql, let python else { return }
                    try await BooksBenchmark.run(
                        settings: postgresql,
                        python: python,
                        rounds: rounds,
                        credits: credits
                    )
                }
            ), ("matching", { try await MatchingBenchmark.run(small: 1_000, large: open) }),
            ("pre-checkout", { try await PreCheckoutBenchmark.run(credits: credits) }),
        ]
        for kind in kinds where only == nil || only == kind.name { try await kind.run() }
    }
}

/// Figures of several rounds.
enum Figures {
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    static func percentile(_ values: [Double], _ part: Double) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9
    }

    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
}
