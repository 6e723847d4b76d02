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
        checks.prepare([check])
        try await checks.begin()
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

    @Test("stops the start with the same sentence, whichever rail answers first", arguments: [false, true])
    func order(isReversed: Bool) async throws {
        let checks = RailChecks(
            of: try ProviderRegistry([]),
            conditions: Conditions(),
            clock: ManualClock(Timestamp(seconds: 1_000)),
            logger: KeptLog().logger
        )
        let (answers, answer) = AsyncStream.makeStream(of: Void.self)
        let names = isReversed ? ["evm", "ton"] : ["ton", "evm"]
        let first = RailChecks.Check(subject: names[0], providers: [], stopsStart: true) { () throws(ProviderError) in
            answer.finish()
            throw ProviderError(.refused, "another chain")
        }
        let second = RailChecks.Check(subject: names[1], providers: [], stopsStart: true) {
            () async throws(ProviderError) in
            for await _ in answers {}
            throw ProviderError(.invalidRequest, "another wallet")
        }
        checks.prepare([second, first])
        let expected =
            isReversed ? "evm: another chain; ton: another wallet" : "evm: another wallet; ton: another chain"
        await #expect { try await checks.begin() } throws: { "\($0)".contains(expected) }
    }
}
