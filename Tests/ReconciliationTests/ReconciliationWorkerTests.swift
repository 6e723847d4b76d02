import Logging
import Money
import Payments
import Providers
import Reconciliation
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("The reconciliation worker")
struct ReconciliationWorkerTests {
    private func worker(_ desk: Desk) -> ReconciliationWorker {
        ReconciliationWorker(
            settlement: desk.settlement,
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func problems(_ desk: Desk) async throws -> [String] {
        try await desk.settlement.database.read { try $0.scanStates(provider: nil).compactMap(\.problem) }
    }

    @Test("remembers why a cursor does not move, and forgets it when the rail answers again")
    func problem() async throws {
        let desk = try await Desk()
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in throw ProviderError(.gap, "a piece is missing") }
        }
        let failed = await worker(desk).runOnce()
        #expect(failed.problems.count == 1)
        #expect(try await problems(desk) == ["provider: gap: a piece is missing"])
        #expect(desk.settlement.conditions.all.map(\.name) == ["scan scripted"])
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                ScanPage(observations: [], position: nil, hasMore: false, completeUntil: nil)
            }
        }
        #expect(await worker(desk).runOnce().problems.isEmpty)
        #expect(try await problems(desk).isEmpty)
        #expect(desk.settlement.conditions.all.isEmpty)
    }

    /// Otherwise "the task was cancelled" would stay as the rail's problem, and the next report would not be clean.
    @Test("leaves no problem behind when it is stopped during a request")
    func stopped() async throws {
        let desk = try await Desk()
        let (asked, continuation) = AsyncStream.makeStream(of: Void.self)
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                continuation.yield()
                for await _ in AsyncStream<Void>.makeStream().stream {}
                throw ProviderError(.unavailable, "the node does not answer: the task was cancelled")
            }
        }
        let worker = worker(desk)
        let task = Task { await worker.runOnce() }
        for await _ in asked { break }
        task.cancel()
        #expect(await task.value.problems.isEmpty)
        #expect(try await problems(desk).isEmpty)
    }

    @Test("records the observations of a page once, however often it comes")
    func repetition() async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                ScanPage(observations: [.incoming(transfer)], position: "1", hasMore: false, completeUntil: nil)
            }
        }
        #expect(await worker(desk).runOnce().payments == 1)
        #expect(await worker(desk).runOnce().payments == 0)
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await desk.booksHold())
    }
}
