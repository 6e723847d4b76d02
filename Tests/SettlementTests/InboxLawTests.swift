import DatabaseEngines
import Money
import Payments
import Reconciliation
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("Messages of a rail that wait in the inbox")
struct InboxLawTests {
    // MARK: - Lanes

    @Test("share a lane when they name the same invoice, payment link, subscription or payment")
    func lanes() async throws {
        let world = try await InboxWorld()
        let shop = world.shop
        let (first, second) = (try await shop.open(100), try await shop.open(100))
        let paid = CardShop.Pay(option: first, units: 100, charge: "a")
        let other = CardShop.Pay(option: second, units: 100, charge: "b")
        try await world.push("successful_payment", paid, numbered: 1)
        try await world.push("refunded_payment", paid, numbered: 2)
        try await world.push("successful_payment", other, numbered: 3)
        #expect(try await world.finish(world.worker()))
        // The payment is recorded by now, and leads to its invoice.
        try await world.push("refunded_payment", paid, numbered: 4)
        #expect(
            try await world.lanes()
                == [first.invoice, first.invoice, second.invoice, first.invoice].map(\.text)
        )
    }

    @Test("share the lane of a subscription, which its customer may cancel and pay again")
    func subscription() async throws {
        let world = try await InboxWorld()
        let shop = world.shop
        let star = try #require(shop.settlement.assets.asset(.stars))
        let id: SubscriptionID = shop.settlement.identifiers.next()
        let request = SubscriptionRequest(title: "Tea", summary: "Tea", price: try star.amount(wireUnits: 100))
        let opened = try await shop.settlement.openSubscription(request, for: shop.desk.merchant, id: id)
        let pay = CardShop.Pay(option: try #require(opened.first.options.first), units: 100, charge: "first")
        try await world.push("successful_payment", pay, numbered: 1)
        let again = CardShop.Pay(option: pay.option, units: 100, charge: "second")
        try await world.push("successful_payment", again, numbered: 2)
        #expect(try await world.lanes() == [id.text, id.text])
        #expect(try await world.finish(world.worker()))
    }

    @Test("have a lane of their own when they name nothing known, also with words that no database can look up")
    func unknown() async throws {
        for engine in Engine.allCases {
            let world = try await InboxWorld(on: engine)
            let option = try await world.shop.open(100)
            func named(_ value: String) -> CardShop.Pay {
                let reference = PaymentReference(scope: option.reference.scope, value: value)
                let other = PaymentOption(
                    id: option.id,
                    invoice: option.invoice,
                    rail: option.rail,
                    provider: option.provider,
                    due: option.due,
                    price: option.price,
                    quote: nil,
                    instruction: option.instruction,
                    reference: reference
                )
                return CardShop.Pay(option: other, units: 100, charge: value)
            }
            try await world.push("successful_payment", named("nobody's"), numbered: 1)
            try await world.push("successful_payment", named("nul\u{0}"), numbered: 2)
            // It waits for a payment that nobody has reported, and holds up no other message about the invoice.
            try await world.push("refunded_payment", CardShop.Pay(option: option, units: 1, charge: "x"), numbered: 3)
            try await world.ask(numbered: 4)
            try await world.shop.settlement.keep(message: Array("{".utf8), from: "telegram:shop", key: "5")
            let lanes = try await world.lanes()
            #expect(Set(lanes).count == 5 && !lanes.contains(option.invoice.text), "\(engine): \(lanes)")
        }
    }

    // MARK: - Laws

    /// A message that is pushed, and the messages behind which it is dealt with.
    private struct Tale {
        var what = "successful_payment"
        var pay: CardShop.Pay
        /// The lane in which it comes in order; nil for one that overtook its payment.
        var lane: Int?
    }

    /// What customers, payment providers and Telegram do: payments, some told twice, and returns, some before the payment.
    private func tales(_ options: [PaymentOption], _ random: SeededRandom) -> [Tale] {
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        var perInvoice: [[Tale]] = []
        for (number, option) in options.enumerated() {
            let units: Int64 = below(4) == 0 ? 1_300 : 1_000
            let pay = CardShop.Pay(option: option, units: units, charge: "charge-\(number)")
            var tales = [Tale(pay: pay, lane: number)]
            if below(3) == 0 { tales.append(tales[0]) }
            let overtakes = below(3) == 0
            for part in 0..<below(4) {
                var back = pay
                // What overtook its payment is booked in any order, so that all of it has to fit.
                (back.units, back.message) = (overtakes ? 250 : Int64(100 * (1 + below(9))), Int64(10 + part))
                let early = overtakes && part == 0
                let tale = Tale(what: "refunded_payment", pay: back, lane: early ? nil : number)
                if early { tales.insert(tale, at: 0) } else { tales.append(tale) }
            }
            perInvoice.append(tales)
        }
        var all: [Tale] = []
        while !perInvoice.isEmpty {
            let index = below(perInvoice.count)
            all.append(perInvoice[index].removeFirst())
            if perInvoice[index].isEmpty { perInvoice.remove(at: index) }
        }
        return all
    }

    private func options(_ world: InboxWorld) async throws -> [PaymentOption] {
        var options: [PaymentOption] = []
        for _ in 0..<5 { options.append(try await world.shop.open(1_000)) }
        return options
    }

    /// What the books and cases say of some invoices, without names that are drawn.
    private func outcome(_ options: [PaymentOption], in world: InboxWorld) async throws -> [String] {
        var lines = ["earned \(try await world.shop.earned())"]
        for option in options {
            let payments = try await world.shop.payments(option)
            var refunds: [String] = []
            for payment in payments { refunds += try await world.shop.refunds(payment).map { "\($0.amount)" }.sorted() }
            let told = payments.map { "\($0.amount) \($0.classification)" }
            lines.append("\(try await world.shop.invoice(option).status.state): \(told), back \(refunds)")
        }
        return lines
            + (try await world.shop.openCases().map { "\($0.reason) \($0.setAside?.units ?? "")" }.sorted())
    }

    @Test(
        "leave the same books whatever hangs, fails and ends first as dealt with one by one, each once and in order",
        arguments: Engine.allCases,
        [1, 2, 3, 4, 5, 6] as [UInt64]
    )
    func interleavings(engine: Engine, seed: UInt64) async throws {
        var outcomes: [[String]] = []
        for isChaotic in [false, true] {
            let world = try await InboxWorld(on: engine)
            let options = try await options(world)
            let tales = tales(options, SeededRandom(seed: seed))
            for (number, tale) in tales.enumerated() {
                try await world.push(tale.what, tale.pay, numbered: Int64(number))
                if number % 4 == 0 { try await world.ask(numbered: Int64(1_000 + number)) }
            }
            let random = SeededRandom(seed: seed &+ 100)
            let refused = Mutex<[Int64: Int]>([:])
            let worker = world.worker(atOnce: isChaotic ? 4 : 1) { number in
                guard isChaotic else { return }
                for _ in 0..<random.next() % 50 { await Task.yield() }
                let isRefused = refused.withLock { refused in
                    guard random.next() % 3 == 0, refused[number, default: 0] < 3 else { return false }
                    refused[number, default: 0] += 1
                    return true
                }
                if isRefused { throw InboxWorld.Refusal() }
            }
            #expect(try await world.finish(worker), "seed \(seed)")
            let numbers = world.done.numbers
            #expect(Set(numbers).count == numbers.count, "seed \(seed): a message was dealt with twice: \(numbers)")
            #expect(numbers.filter { $0 < 1_000 }.count == tales.count)
            for lane in options.indices {
                let order = numbers.filter { $0 < 1_000 && tales[Int($0)].lane == lane }
                #expect(order == order.sorted(), "seed \(seed): the lane \(lane) was dealt with as \(order)")
            }
            for option in options { #expect(try await world.shop.payments(option).count == 1) }
            outcomes.append(try await outcome(options, in: world))
            #expect(try await world.shop.booksHold())
        }
        #expect(outcomes[0] == outcomes[1], "seed \(seed)")
    }

    @Test(
        "hold up their own lane alone when one hangs or fails, also for messages that come meanwhile",
        .timeLimit(.minutes(2)),
        arguments: Engine.allCases
    )
    func hanging(engine: Engine) async throws {
        let world = try await InboxWorld(on: engine)
        let options = try await options(world)
        func pay(_ invoice: Int, _ charge: String) -> CardShop.Pay {
            CardShop.Pay(option: options[invoice], units: 1_000, charge: charge)
        }
        // Two hang: a payment, with another one behind it, and more questions than are dealt with at once.
        try await world.push("successful_payment", pay(0, "hanging"), numbered: 1)
        try await world.push("successful_payment", pay(0, "behind"), numbered: 2)
        for number: Int64 in 100..<120 { try await world.ask(numbered: number) }
        try await world.push("successful_payment", pay(1, "failing"), numbered: 3)
        try await world.push("successful_payment", pay(2, "free"), numbered: 4)
        let (release, released) = AsyncStream.makeStream(of: Void.self)
        let isReleased = Mutex(false)
        let (news, tell) = AsyncStream.makeStream(of: Int64.self)
        let worker = world.worker { number in
            if number == 3 { throw InboxWorld.Refusal() }
            if number == 1, !isReleased.withLock({ $0 }) { for await _ in release { break } }
            if number >= 100, !isReleased.withLock({ $0 }) { for await _ in AsyncStream<Void>.makeStream().stream {} }
            tell.yield(number)
        }
        let (pushes, push) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Time stands still: nothing but the push calls.
            group.addTask { await worker.run(every: .seconds(3_600), at: pushes) }
            var heard = news.makeAsyncIterator()
            #expect(await heard.next() == 4)
            try await world.push("successful_payment", pay(3, "later"), numbered: 5)
            push.yield()
            #expect(await heard.next() == 5)
            #expect(try await world.shop.payments(options[0]).map(\.railReference) == ["hanging"])
            isReleased.withLock { $0 = true }
            released.finish()
            #expect(await heard.next() == 1)
            #expect(await heard.next() == 2)
            group.cancelAll()
        }
        #expect(world.done.numbers.filter { $0 < 100 } == [4, 5, 1, 2])
        #expect(try await world.shop.booksHold())
    }

    @Test(
        "are shared by two gateways: each payment is booked once, and those of one invoice in order",
        .timeLimit(.minutes(3)),
        arguments: [1, 2, 3] as [UInt64]
    )
    func twoGateways(seed: UInt64) async throws {
        let world = try await InboxWorld(on: .postgreSQL)
        let options = try await options(world)
        let tales = tales(options, SeededRandom(seed: seed))
        for (number, tale) in tales.enumerated() { try await world.push(tale.what, tale.pay, numbered: Int64(number)) }
        let random = SeededRandom(seed: seed &+ 100)
        let workers = ["first", "second"].map { name in
            world.worker(atOnce: 4, named: name) { _ in
                for _ in 0..<random.next() % 50 { await Task.yield() }
                if random.next() % 5 == 0 { throw InboxWorld.Refusal() }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for worker in workers {
                group.addTask { await worker.run(every: .seconds(1), at: AsyncStream { _ in }) }
            }
            // The clock goes faster than work: leases end while messages are dealt with under them.
            while (try? await world.depth()) != 0 {
                world.shop.desk.clock.advance(by: .seconds(3))
                await Task.yield()
            }
            group.cancelAll()
        }
        let single = try await InboxWorld()
        let alone = try await self.options(single)
        for (number, tale) in self.tales(alone, SeededRandom(seed: seed)).enumerated() {
            try await single.push(tale.what, tale.pay, numbered: Int64(number))
        }
        #expect(try await single.finish(single.worker(atOnce: 1)))
        #expect(try await outcome(options, in: world) == outcome(alone, in: single), "seed \(seed)")
        #expect(try await world.shop.booksHold())
    }
}
