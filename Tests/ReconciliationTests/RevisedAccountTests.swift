import DatabaseEngines
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

@Suite("The history of one account that turns out to be another")
struct RevisedAccountTests {
    private func run(_ desk: Desk, _ page: ScanPage) async -> ReconciliationWorker.Pass {
        desk.provider.script.withLock { script in
            script.page = { () async throws(ProviderError) in page }
        }
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return await ReconciliationWorker(settlement: desk.settlement, random: SeededRandom(seed: 1), logger: log)
            .runOnce()
    }

    private func page(_ observations: [Observation], _ position: String) -> ScanPage {
        ScanPage(observations: observations, position: position, hasMore: false, completeUntil: nil)
    }

    private func movement(_ key: NaturalKey, _ desk: Desk, after seconds: Int64) throws -> Observation {
        .movement(
            AccountMovement(
                naturalKey: key,
                kind: .unexplained,
                amount: try desk.amount("0.25"),
                reason: "it moved",
                occurredAt: desk.clock.now().advanced(by: .seconds(seconds))
            )
        )
    }

    private func setAside(_ key: NaturalKey, _ desk: Desk) -> Observation {
        let found = SetAside(
            naturalKey: key,
            account: "a",
            asset: nil,
            units: nil,
            cause: .unreadable,
            explanation: "it cannot be read",
            occurredAt: desk.clock.now()
        )
        return .setAside(found, bytes: [1])
    }

    @Test(
        "loses what is not in it, of any kind, and nothing that is, that is another account's or that was before",
        arguments: Engine.allCases
    )
    func revised(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let now = desk.clock.now()
        let names = [
            "rail a 9 x in", "rail a 10 y in", "rail a 10 y fee", "rail a 10 y unread", "rail a 9 x fee",
            "rail ab 10 y fee", "rail b 10 y fee", "rail b 10 y unread", "rail a 8 w fee", "rail a 10 y fee payment 1",
        ]
        let keys = names.map { NaturalKey(stored: $0) }
        var transfers: [IncomingTransfer] = []
        for number in 0..<2 {
            let opened = try await desk.openInvoice(id: InvoiceID(value: UInt128(number + 1)))
            var transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id, number: number)
            transfer.naturalKey = keys[number]
            transfers.append(transfer)
        }
        var told: [Observation] = transfers.map { .incoming($0) }
        // What happened in the second of the last common place may be what was invented.
        for number in [2, 4, 5, 6, 9] { told.append(try movement(keys[number], desk, after: 0)) }
        told.append(try movement(keys[8], desk, after: -1))
        told += [setAside(keys[3], desk), setAside(keys[7], desk)]
        let pass = await run(desk, page(told, "1"))
        #expect(pass.problems.isEmpty && pass.payments == 2 && pass.setAside == 2, "\(pass)")
        let standing = { () -> Set<NaturalKey> in
            try await desk.settlement.database.read { session in
                let beginning = Timestamp(microseconds: 0)
                var all = try session.standingMovements(provider: desk.provider.key, since: beginning)
                all += try session.standingSetAside(provider: desk.provider.key, since: beginning)
                all += try session.standingPayments(provider: desk.provider.key, since: beginning).map(\.naturalKey)
                return Set(all)
            }
        }
        #expect(try await standing() == Set(keys))
        var back = page([], "0")
        back.revisedAccount = RevisedAccount(
            account: NaturalKey("rail", "a"),
            since: now,
            standing: [NaturalKey("rail", "a", "9", "x")],
            doubt: .all
        )
        #expect(await run(desk, back).undone == 4)
        let lost: Set<Int> = [1, 2, 3, 9]
        #expect(try await standing() == Set(keys.indices.filter { !lost.contains($0) }.map { keys[$0] }))
        #expect(try await desk.booksHold())
        // When all of it comes back, it is what it was.
        let again = await run(desk, page(told, "2"))
        #expect(again.problems.isEmpty && again.payments == 1 && again.setAside == 1, "\(again)")
        #expect(try await standing() == Set(keys))
        #expect(try await desk.booksHold())
    }

    @Test("is told by the first parts of natural keys, whole ones")
    func parts() {
        let key = NaturalKey("ton", "testnet", "0:ab", "17", "cd", "in")
        for beginning in ["ton", "ton testnet 0:ab", "ton testnet 0:ab 17 cd in"] {
            #expect(key.begins(with: NaturalKey(stored: beginning)))
        }
        for other in ["to", "ton testnet 0:a", "ton testnet 0:ab 17 cd in fee", "tonn", "ton testnet 0:abc", "x"] {
            #expect(!key.begins(with: NaturalKey(stored: other)))
        }
        #expect(key.beginnings.count == 6 && key.beginnings.last == key)
        let none = RevisedAccount(
            account: NaturalKey("ton", "testnet", "0:ab"),
            since: Timestamp(seconds: 0),
            standing: [],
            doubt: .none
        )
        #expect(none.hasLost(key) && !none.hasLost(NaturalKey("ton", "mainnet", "0:ab", "17", "cd", "in")))
    }
}
