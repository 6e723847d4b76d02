import Logging
import Providers
import Seams
import Synchronization
import Testing

@testable import Gateway

@Suite("Why a rail is missing")
struct RailCauseTests {
    @Test("is in the log once for each cause, and again after the rail was back")
    func causes() async throws {
        let (log, clock) = (KeptLog(), ManualClock(Timestamp(seconds: 1_000)))
        let conditions = Conditions()
        let checks = RailChecks(
            of: try ProviderRegistry([]),
            conditions: conditions,
            clock: clock,
            logger: log.logger
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
        // A timeout is not logged as the cause where the rail has stated one.
        #expect(log.lines.count == 1 && log.lines.first?.contains("429") == true, "\(log.lines)")
        for _ in 0..<3 { await checks.repeatNow() }
        #expect(log.lines.count == 3 && log.lines[1].contains("another chain") && log.lines[2].contains("500"))
        #expect(conditions.all.map(\.name) == ["rail ton"])
        await checks.repeatNow()
        #expect(conditions.all.isEmpty && log.lines.count == 4)
        checks.add(check)
        await checks.repeatNow()
        #expect(log.lines.count == 5 && log.lines[4].contains("gone"))
    }
}
