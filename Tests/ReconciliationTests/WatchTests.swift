import Logging
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Synchronization
import Testing

@testable import Reconciliation
@testable import Storage

@Suite("The watch over accounts of options")
struct WatchTests {
    /// A rail on which each option has an account of its own, and a node that says what a test wants.
    private struct World {
        let desk: Desk

        /// What the node shows, and what was asked.
        final class Node: Sendable {
            struct Content {
                var sights: [String: AccountLook.Sight] = [:]
                var pages: [String: Result<ScanPage, ProviderError>] = [:]
                var looked: [PlacedAccount] = []
                var read: [String] = []
                /// Accounts of which the node says nothing.
                var hidden: Set<String> = []
                var isAway = false
            }

            let content = Mutex(Content())
        }

        let node = Node()

        init() async throws {
            desk = try await Desk()
            let (node, clock) = (node, desk.clock)
            desk.provider.script.withLock { script in
                script.hasOwnAccounts = true
                script.look = { (accounts) async throws(ProviderError) in
                    let sights: [ScanAccount: AccountLook.Sight]? = node.content.withLock { content in
                        content.looked = accounts
                        guard !content.isAway else { return nil }
                        let seen = accounts.filter { !content.hidden.contains($0.account.account) }
                        return Dictionary(
                            seen.map { ($0.account, content.sights[$0.account.account] ?? .unmoved) }
                        ) { first, _ in first }
                    }
                    guard let sights else { throw ProviderError(.unavailable, "the node is away") }
                    return AccountLook(asOf: clock.now(), sights: sights)
                }
                script.read = { (account, position) async throws(ProviderError) in
                    let page = node.content.withLock { content in
                        content.read.append(account.account)
                        return content.pages[account.account]
                    }
                    let nothing = ScanPage(
                        observations: [],
                        position: position,
                        hasMore: false,
                        completeUntil: clock.now()
                    )
                    guard let page, position == nil else { return nothing }
                    return try page.get()
                }
            }
        }

        func run() async -> ReconciliationWorker.Pass {
            await ReconciliationWorker(
                settlement: desk.settlement,
                random: SeededRandom(seed: 1),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            .runOnce()
        }

        /// How often an account is looked at while days pass.
        func looks(at account: String, days: Int64, every step: Duration) async -> Int {
            var count = 0
            let end = desk.clock.now().advanced(by: .seconds(days * 86_400))
            while desk.clock.now() < end {
                desk.clock.advance(by: step)
                _ = await run()
                if looked.contains(account) { count += 1 }
            }
            return count
        }

        func open(_ number: Int) async throws -> (invoice: InvoiceID, account: String) {
            let opened = try await desk.openInvoice(id: InvoiceID(value: UInt128(number)))
            return (opened.invoice.id, opened.options[0].reference.value)
        }

        func show(_ account: String, as sight: AccountLook.Sight) {
            node.content.withLock { $0.sights[account] = sight }
        }

        func move(_ account: String, _ page: Result<ScanPage, ProviderError>) {
            node.content.withLock { content in
                content.sights[account] = .moved(AccountTip(place: "1", asOf: desk.clock.now()))
                content.pages[account] = page
            }
        }

        /// What was read since the last call.
        func takeRead() -> [String] {
            node.content.withLock { content in
                defer { content.read = [] }
                return content.read
            }
        }

        var looked: Set<String> { node.content.withLock { Set($0.looked.map(\.account.account)) } }

        func state(_ invoice: InvoiceID) async throws -> InvoiceStateMachine.State? {
            try await desk.settlement.database.read { try $0.invoice(invoice)?.status.state }
        }

        func cursors() async throws -> [ScanState] {
            try await desk.settlement.database.read { try $0.scanStates(provider: nil) }
        }

        func paid(_ account: String, number: Int) throws -> ScanPage {
            // The account of an option has its name.
            let option = try PaymentOptionID(account)
            let transfer = desk.transfer(try desk.amount("1.5"), for: option, number: number)
            return ScanPage(
                observations: [.incoming(transfer)],
                position: "1",
                hasMore: false,
                completeUntil: desk.clock.now()
            )
        }
    }

    @Test(
        "reads the accounts that moved and no others, and one that fails stops none of them",
        arguments: [1, 2, 3, 4, 5] as [UInt64]
    )
    func law(seed: UInt64) async throws {
        let world = try await World()
        var random = SeededRandom(seed: seed)
        var opened: [(invoice: InvoiceID, account: String)] = []
        for number in 1...30 { opened.append(try await world.open(number)) }
        var paid: Set<String> = []
        var read: Set<String> = []
        for (number, entry) in opened.enumerated() {
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                world.move(entry.account, .success(try world.paid(entry.account, number: number)))
                paid.insert(entry.account)
                read.insert(entry.account)
            case 1:
                world.move(entry.account, .failure(ProviderError(.malformed, "it cannot be read")))
                read.insert(entry.account)
            case 2:
                world.show(entry.account, as: .unclear)
                read.insert(entry.account)
            default: break
            }
        }
        let pass = await world.run()
        #expect(world.looked.isSuperset(of: opened.map(\.account)), "seed \(seed)")
        let asked = world.takeRead()
        #expect(Set(asked) == read && asked.count == read.count, "seed \(seed)")
        #expect(pass.payments == paid.count, "seed \(seed): \(pass)")
        for entry in opened {
            let isSettled = try await world.state(entry.invoice) == .settled
            #expect(isSettled == paid.contains(entry.account), "seed \(seed)")
        }
        // Nothing is written for what nobody waits for.
        let written = Set(try await world.cursors().map(\.account))
        #expect(written.isSubset(of: read.union(["account"])), "seed \(seed): \(written.subtracting(read).count)")
        #expect(try await world.desk.booksHold())
    }

    @Test("ends an invoice only when its own account was seen past its end")
    func expiry() async throws {
        let world = try await World()
        let (silent, failing) = (try await world.open(1), try await world.open(2))
        let quiet = try await world.open(3)
        world.move(failing.account, .failure(ProviderError(.gap, "a piece is missing")))
        world.node.content.withLock { $0.hidden = [silent.account] }
        #expect(await world.run().expired == 0)
        world.desk.clock.advance(by: .seconds(601))
        let pass = await world.run()
        #expect(pass.expired == 1 && pass.problems.count == 1, "\(pass)")
        #expect(try await world.state(quiet.invoice) == .expired)
        for waiting in [silent, failing] { #expect(try await world.state(waiting.invoice) == .new) }
        let problem = try await world.cursors().first { $0.account == failing.account }?.problem
        #expect(problem == "provider: gap: a piece is missing")
        // While the node is away nothing ends, and the problem is one and not one for each invoice.
        let late = try await world.open(4)
        world.node.content.withLock { $0.isAway = true }
        world.desk.clock.advance(by: .seconds(601))
        let away = await world.run()
        #expect(away.expired == 0 && away.problems.count == 1, "\(away)")
        world.node.content.withLock { content in
            (content.isAway, content.hidden) = (false, [])
            content.sights = [:]
        }
        #expect(await world.run().expired == 3)
        #expect(try await world.state(late.invoice) == .expired)
        #expect(try await world.cursors().allSatisfy { $0.problem == nil })
    }

    @Test("finds a payment a week late, looks at closed invoices ever more seldom, and in the end only on request")
    func late() async throws {
        let world = try await World()
        let (paid, other) = (try await world.open(1), try await world.open(2))
        world.desk.clock.advance(by: .seconds(601))
        #expect(await world.run().expired == 2)
        let watched = other.account
        #expect(await (40...48).contains(world.looks(at: watched, days: 1, every: .seconds(1_800))))
        #expect(await (22...26).contains(world.looks(at: watched, days: 6, every: .seconds(3_600))))
        world.move(paid.account, .success(try world.paid(paid.account, number: 1)))
        _ = await world.looks(at: watched, days: 1, every: .seconds(3_600))
        let found = try await world.desk.settlement.database.read { try $0.payments(of: paid.invoice) }
        #expect(found.map(\.classification) == [.late])
        #expect(await (78...84).contains(world.looks(at: watched, days: 82, every: .seconds(43_200))))
        _ = await world.looks(at: watched, days: 3, every: .seconds(43_200))
        #expect(await world.looks(at: watched, days: 10, every: .seconds(43_200)) == 0)
        _ = try await world.desk.settlement.lookAgain(at: other.invoice, of: world.desk.merchant)
        for isWatched in [true, false] {
            world.desk.clock.advance(by: .seconds(1))
            _ = await world.run()
            #expect(world.looked.contains(watched) == isWatched)
        }
        #expect(try await world.desk.booksHold())
    }

    @Test("reads the newest and the oldest by turns, each once, with the standing ones first")
    func order() {
        for count in 0..<12 {
            let single = (0..<count).map { number in
                WatchedAccount(
                    account: "\(number)",
                    subject: "coin",
                    closesAt: Timestamp(seconds: Int64(100 - number)),
                    activeUntil: Timestamp(seconds: 200),
                    isOpen: true,
                    position: nil,
                    completeUntil: nil,
                    hasProblem: false
                )
            }
            let standing = PlacedAccount(account: ScanAccount(account: "wallet", subject: "coin"), position: "1")
            let accounts = WatchedAccounts(standing: [standing], single: single)
            let sights = accounts.placed.map { ($0.account, AccountLook.Sight.unclear) }
            let look = AccountLook(asOf: Timestamp(seconds: 1), sights: Dictionary(uniqueKeysWithValues: sights))
            let order = accounts.withNews(in: look).map(\.account.account)
            #expect(order.first == "wallet" && Set(order).count == count + 1 && order.count == count + 1)
            // Whatever number is read, the newest and the oldest are among them.
            for length in 3...max(3, count) where count >= 2 {
                #expect(order.prefix(length).contains("0") && order.prefix(length).contains("\(count - 1)"))
            }
        }
    }
}
