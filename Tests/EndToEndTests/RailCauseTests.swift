import Logging
import Providers
import Seams
import Synchronization
import Testing

@testable import Gateway

@Suite("Why a rail is missing")
struct RailCauseTests {
    /// A log that a test reads.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.append("\(event.message)") }
    }

    @Test("is in the log once for each cause, and again after the rail was there")
    func causes() async throws {
        let (lines, clock) = (Lines(), ManualClock(Timestamp(seconds: 1_000)))
        let conditions = Conditions()
        let checks = RailChecks(
            of: try ProviderRegistry([]),
            conditions: conditions,
            clock: clock,
            logger: Logger(label: "test") { _ in Handler(lines: lines) }
        )
        let answers = Mutex<[ProviderError?]>([
            ProviderError(.unavailable, "429"), ProviderError(.unavailable, "500"),
            ProviderError(.refused, "another chain"),
            ProviderError(.unavailable, "500"), nil, ProviderError(.unavailable, "gone"),
        ])
        let check = RailChecks.Check(subject: "ton", providers: [], stopsStart: false) { () throws(ProviderError) in
            if let error = answers.withLock({ $0.removeFirst() }) { throw error }
        }
        try await checks.begin([check])
        // What did not come in time is no cause where the rail has said one.
        #expect(lines.all.count == 1 && lines.all.first?.contains("429") == true, "\(lines.all)")
        for _ in 0..<3 { await checks.repeatNow() }
        #expect(lines.all.count == 3 && lines.all[1].contains("another chain") && lines.all[2].contains("500"))
        #expect(conditions.all.map(\.name) == ["rail ton"])
        await checks.repeatNow()
        #expect(conditions.all.isEmpty && lines.all.count == 4)
        checks.add(check)
        await checks.repeatNow()
        #expect(lines.all.count == 5 && lines.all[4].contains("gone"))
    }
}
