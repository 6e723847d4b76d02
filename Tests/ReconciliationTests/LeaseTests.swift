import DatabaseEngines
import Logging
import Money
import Payments
import Providers
import Reconciliation
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("Two workers on one database")
struct LeaseTests {
    private func worker(_ desk: Desk, _ identity: String) -> ReconciliationWorker {
        ReconciliationWorker(
            settlement: desk.settlement,
            identity: identity,
            random: SeededRandom(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func pays(_ desk: Desk, _ transfer: IncomingTransfer) {
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                ScanPage(observations: [.incoming(transfer)], position: "1", hasMore: false, completeUntil: nil)
            }
        }
    }

    @Test(
        "do each piece of work alone: the other waits until the lease ends or is given back",
        arguments: [false, true]
    )
    func alone(isGivenBack: Bool) async throws {
        let desk = try await Desk(on: .postgreSQL)
        let opened = try await desk.openInvoice()
        let (first, second) = (worker(desk, "first"), worker(desk, "second"))
        #expect(await first.runOnce().problems.isEmpty)
        pays(desk, desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        #expect(await first.runOnce().payments == 1)
        pays(desk, desk.transfer(try desk.amount("1"), for: opened.options[0].id, number: 2))
        desk.provider.script.withLock { script in
            let page = script.page
            script.page = { () async throws(ProviderError) in
                var next =
                    try await page?() ?? ScanPage(observations: [], position: nil, hasMore: false, completeUntil: nil)
                next.position = "2"
                return next
            }
        }
        #expect(await second.runOnce().payments == 0)
        if isGivenBack { try await first.releaseLeases() } else { desk.clock.advance(by: .seconds(16)) }
        #expect(await second.runOnce().payments == 1)
        #expect(await first.runOnce().payments == 0)
        #expect(try await desk.booksHold())
    }

    @Test("refuse the work of one that was stopped for longer than its lease")
    func fenced() async throws {
        let desk = try await Desk(on: .postgreSQL)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        let (first, second) = (worker(desk, "first"), worker(desk, "second"))
        let isStopped = Mutex(true)
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in
                // The first worker hangs here like a stopped process, and the second takes over.
                if isStopped.withLock({ stopped in
                    defer { stopped = false }; return stopped
                }) {
                    desk.clock.advance(by: .seconds(16))
                    _ = await second.runOnce()
                }
                return ScanPage(observations: [.incoming(transfer)], position: "1", hasMore: false, completeUntil: nil)
            }
        }
        let pass = await first.runOnce()
        #expect(pass.payments == 0)
        #expect(pass.problems.contains { $0.contains("fenced") })
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(try await desk.booksHold())
    }

    @Test("never sign a payout of a stale holder")
    func stalePayout() async throws {
        let desk = try await Desk(on: .postgreSQL)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        let now = desk.clock.now()
        let stale = try await desk.settlement.database.write { session in
            try session.claimLease("outgoing", by: "first", at: now, until: now)
        }
        let fresh = try await desk.settlement.database.write { session in
            try session.claimLease("outgoing", by: "second", at: now, until: now.advanced(by: .seconds(9)))
        }
        #expect((fresh?.token ?? 0) == (stale?.token ?? 0) + 1)
        await #expect(throws: StorageError(.fenced, "")) {
            try await desk.settlement.advance(payout.purpose.id, under: stale)
        }
        #expect(desk.provider.script.withLock { $0.submitted } == 0)
        #expect(try await desk.settlement.advance(payout.purpose.id, under: fresh).status.state == .inProgress)
        #expect(desk.provider.script.withLock { $0.submitted } == 1)
    }
}
