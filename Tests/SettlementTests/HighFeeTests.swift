import BigInt
import DatabaseEngines
import Money
import Payments
import Providers
import Seams
import SettlementDesk
import Storage
import Synchronization
import Testing

@testable import Settlement

@Suite("A transfer whose network fee is too high")
struct HighFeeTests {
    /// How a rail sends, and where it is tested.
    struct Way: Hashable, Sendable, CustomTestStringConvertible {
        let engine: Engine
        let isBatching: Bool
        let sharesFee: Bool

        var testDescription: String { "\(engine), batches: \(isBatching), shared fee: \(sharesFee)" }

        static let all = Engine.allCases.flatMap { engine in
            [
                Way(engine: engine, isBatching: false, sharesFee: false),
                Way(engine: engine, isBatching: true, sharesFee: false),
                Way(engine: engine, isBatching: true, sharesFee: true),
            ]
        }
    }

    /// A merchant with 1.485 coins, of which a payment of 1.5 can be returned.
    private func paid(_ way: Way, fee: String) async throws -> (desk: Desk, payment: PaymentID) {
        let desk = try await Desk(on: way.engine)
        let paid = try await desk.openPaid()
        let payments = try await desk.settlement.database.read { try $0.payments(of: paid.invoice.invoice.id) }
        let charged = try desk.amount(fee)
        desk.provider.script.withLock { script in
            (script.isBatching, script.sharesFee, script.fee) = (way.isBatching, way.sharesFee, charged)
        }
        return (desk, try #require(payments.first).id)
    }

    private func request(
        _ amount: String,
        of desk: Desk,
        _ choice: HighFeeChoice,
        needsApproval: Bool = false
    ) throws -> PayoutRequest {
        PayoutRequest(
            amount: try desk.amount(amount),
            destination: "d",
            comment: nil,
            needsApproval: needsApproval,
            onHighFee: choice
        )
    }

    private func ask(_ amount: String, of desk: Desk, _ id: UInt128) async throws -> OutgoingTransfer {
        let wish = try request(amount, of: desk, .wait)
        return try await desk.settlement.requestPayout(wish, by: desk.merchant, id: PayoutID(value: id))
    }

    private func states(_ desk: Desk, _ ids: [String]) async throws -> [PayoutStateMachine.State?] {
        try await desk.settlement.database.read { session in try ids.map { try session.outgoing($0)?.status.state } }
    }

    /// A step of the worker.
    private func step(_ desk: Desk) async throws {
        _ = try await desk.settlement.signBatch(of: desk.provider, under: nil)
        for id in try await desk.settlement.outgoingToSign(of: desk.provider, under: nil) {
            try await desk.settlement.advance(id)
        }
    }

    @Test(
        "is refused, or waits with its money set aside until the fee falls, as its merchant chose",
        arguments: Way.all
    )
    func choice(way: Way) async throws {
        let (desk, payment) = try await paid(way, fee: "0.05")
        func refund(_ choice: HighFeeChoice) async throws -> OutgoingTransfer {
            let measure = RefundMeasure.paid(try desk.amount("0.4"))
            let wish = RefundRequest(payment: payment, measure: measure, reason: nil, onHighFee: choice)
            return try await desk.settlement.requestRefund(wish, by: desk.merchant, id: RefundID(value: 2))
        }
        let refused = try request("0.4", of: desk, .refuse)
        let refusals = [
            await #expect(throws: SettlementError.self) {
                try await desk.settlement.requestPayout(refused, by: desk.merchant, id: PayoutID(value: 1))
            },
            await #expect(throws: SettlementError.self) { try await refund(.refuse) },
        ]
        for refusal in refusals {
            #expect(refusal?.code == .networkFeeTooHigh && refusal?.parameter == "amount")
        }
        #expect(try await desk.held("merchant_balance") == "1.485")
        let waiting = try await [ask("0.4", of: desk, 1), refund(.wait)]
        #expect(waiting.map(\.status.state) == [.awaitingPayment, .awaitingPayment])
        #expect(try await desk.held("payouts_payable") == "0.4")
        #expect(try await desk.held("refunds_payable") == "0.4")
        let ids = waiting.map(\.purpose.id)
        // Together they pay 0.025 each, where the rail shares the fee.
        desk.clock.advance(by: .seconds(6))
        try await step(desk)
        let isShared = way.isBatching && way.sharesFee
        #expect(try await states(desk, ids) == Array(repeating: isShared ? .inProgress : .awaitingPayment, count: 2))
        desk.provider.script.withLock { $0.fee = nil }
        desk.clock.advance(by: .seconds(6))
        try await step(desk)
        // A wallet with one number at a time sends one of them.
        #expect(try await states(desk, ids).contains(.inProgress))
        #expect(try await desk.booksHold())
    }

    @Test(
        "waits for company in a batch, which comes along before its own time, and no longer",
        arguments: Engine.allCases
    )
    func company(engine: Engine) async throws {
        let (desk, _) = try await paid(Way(engine: engine, isBatching: true, sharesFee: true), fee: "0.05")
        let first = try await ask("0.3", of: desk, 1).purpose.id
        try await step(desk)
        #expect(try await states(desk, [first]) == [.awaitingPayment])
        desk.clock.advance(by: .seconds(1))
        // The first is due again after four more seconds; the second would be too dear by itself as well.
        let second = try await ask("0.3", of: desk, 2).purpose.id
        try await step(desk)
        #expect(try await states(desk, [first, second]) == [.inProgress, .inProgress])
        let hashes = try await desk.settlement.database.read { session in
            try [first, second].compactMap { try session.outgoing($0)?.prepared?.hash }
        }
        #expect(hashes.count == 2 && Set(hashes).count == 1)
        #expect(try await desk.booksHold())
    }

    @Test("takes no number from those behind it, however many wait", arguments: Engine.allCases)
    func behind(engine: Engine) async throws {
        let (desk, _) = try await paid(Way(engine: engine, isBatching: false, sharesFee: false), fee: "0.05")
        for number in 1...3 { _ = try await ask("0.3", of: desk, UInt128(number)) }
        // The fee is a tenth of it, which is the limit; the wallet has one number.
        let worth = try await ask("0.5", of: desk, 4).purpose.id
        #expect(try await desk.settlement.outgoingToSign(of: desk.provider, under: nil) == [worth])
        try await step(desk)
        #expect(try await states(desk, [worth]) == [.inProgress])
        #expect(try await desk.booksHold())
    }

    @Test("is raised only as far as it is worth it for the transfer or one that waits behind its number")
    func raised() async throws {
        let (desk, _) = try await paid(Way(engine: .sqlite, isBatching: false, sharesFee: false), fee: "0.05")
        let (fee, now) = (try desk.amount("0.05"), desk.clock.now())
        func isWorth(_ amounts: String...) throws -> Bool {
            let orders = try amounts.map { amount in
                TransferOrder(id: "po", amount: try desk.amount(amount), destination: "d", comment: nil)
            }
            return try desk.settlement.isWorth(fee, for: orders, now: now)
        }
        #expect(try isWorth("0.5"))
        #expect(try !isWorth("0.499"))
        #expect(try !isWorth("0.3", "0.2", "0.499"))
        #expect(try isWorth("0.3", "0.2", "0.5"))
    }

    @Test("stays out when the company that it needs cannot be paid, and those that need none leave")
    func lostCompany() async throws {
        let (desk, _) = try await paid(Way(engine: .sqlite, isBatching: true, sharesFee: true), fee: "0.05")
        var ids: [String] = []
        for (number, amount) in [(1, "0.3"), (2, "0.3"), (3, "0.5")] as [(UInt128, String)] {
            ids.append(try await ask(amount, of: desk, number).purpose.id)
        }
        let away = Set([ids[0], ids[2]])
        // Two of three cannot be paid: the second alone would cost a sixth of it.
        desk.provider.script.withLock { $0.unpayable = away }
        try await step(desk)
        #expect(try await states(desk, ids) == [.awaitingPayment, .awaitingPayment, .awaitingPayment])
        desk.provider.script.withLock { $0.unpayable = [ids[0], ids[1]] }
        desk.clock.advance(by: .seconds(6))
        try await step(desk)
        #expect(try await states(desk, ids) == [.awaitingPayment, .awaitingPayment, .inProgress])
    }

    @Test("stays out of a request that takes fewer than it needs, and those that the request suffices for leave")
    func cutRequest() async throws {
        let (desk, _) = try await paid(Way(engine: .sqlite, isBatching: true, sharesFee: true), fee: "0.05")
        desk.provider.script.withLock { $0.capacity = 2 }
        var ids: [String] = []
        // The first two need three others each, and the last two one another.
        for (number, amount) in [(1, "0.13"), (2, "0.13"), (3, "0.3"), (4, "0.3")] as [(UInt128, String)] {
            ids.append(try await ask(amount, of: desk, number).purpose.id)
        }
        try await step(desk)
        #expect(try await states(desk, ids) == [.awaitingPayment, .awaitingPayment, .inProgress, .inProgress])
        #expect(try await desk.booksHold())
    }

    @Test("does not keep others from leaving, though as many wait as a batch holds")
    func noStarving() async throws {
        let (desk, _) = try await paid(Way(engine: .sqlite, isBatching: true, sharesFee: false), fee: "0.0005")
        for number in 1...60 { _ = try await ask("0.002", of: desk, UInt128(number)) }
        let payable = try await ask("0.5", of: desk, 100).purpose.id
        for _ in 0..<3 {
            try await step(desk)
            desk.clock.advance(by: .seconds(1))
        }
        #expect(try await states(desk, [payable]) == [.inProgress])
    }

    /// Every kind of wish at every kind of fee: below the limit, above it alone, and above it in a full batch.
    private func wishes(_ desk: Desk) throws -> [(fee: Amount?, wish: PayoutRequest)] {
        try [nil, "0.0004", "0.05"].flatMap { fee in
            try [("0", "d"), ("0.001", "d"), ("0.03", "d"), ("0.03", ""), ("9", "d")].flatMap { amount, destination in
                try HighFeeChoice.allCases.flatMap { choice in
                    try [false, true].map { needsApproval in
                        let wish = PayoutRequest(
                            amount: try desk.amount(amount),
                            destination: destination,
                            comment: nil,
                            needsApproval: needsApproval,
                            onHighFee: choice
                        )
                        return (try fee.map(desk.amount), wish)
                    }
                }
            }
        }
    }

    @Test(
        "is foretold by an estimate, which changes nothing and refuses what the request refuses",
        arguments: Way.all
    )
    func estimate(way: Way) async throws {
        let (desk, _) = try await paid(way, fee: "0.05")
        var seen: Set<TransferProspect> = []
        for (number, (fee, wish)) in try wishes(desk).enumerated() {
            desk.provider.script.withLock { ($0.fee, $0.fate) = (fee, .pending) }
            let before = try await rows(of: desk)
            let told = await result { try await desk.settlement.estimatePayout(wish, by: desk.merchant) }
            #expect(try await rows(of: desk) == before, "the estimate has stored something")
            let made = await result {
                let id = PayoutID(value: UInt128(number + 500))
                return try await desk.settlement.requestPayout(wish, by: desk.merchant, id: id)
            }
            switch (told, made) {
            case (.failure(let foretold), .failure(let error)):
                #expect(foretold.code == error.code && foretold.reason == error.reason)
                #expect(error.code != .networkFeeTooHigh, "an estimate tells it")
            case (.success(let estimate), .failure(let error)):
                #expect(estimate.prospect == .refused && error.code == .networkFeeTooHigh, "\(wish): \(error)")
                #expect(wish.onHighFee == .refuse)
                seen.insert(.refused)
            case (.success(let estimate), .success(let payout)):
                seen.insert(estimate.prospect)
                let balance = try await desk.held("merchant_balance")
                #expect(try desk.coin.text(estimate.balance) == balance)
                let isUnapproved = estimate.prospect == .waitsForApproval
                #expect(isUnapproved == wish.needsApproval)
                #expect(payout.status.state == (isUnapproved ? .awaitingApproval : .awaitingPayment))
                let stepped = try await desk.settlement.advance(payout.purpose.id).status.state
                // One that needs company has none here.
                #expect((stepped == .inProgress) == (estimate.prospect == .sentNow), "\(estimate)")
                // The wallet has one number at a time.
                desk.provider.script.withLock { $0.fate = .confirmed(evidence: "", fee: nil, at: desk.clock.now()) }
                if stepped == .inProgress { try await desk.settlement.advance(payout.purpose.id) }
            case (.failure(let error), .success): Issue.record("\(wish): foretold \(error), and was made")
            }
        }
        let isShared = way.isBatching && way.sharesFee
        #expect(seen == Set(TransferProspect.allCases).subtracting(isShared ? [] : [.waitsForBatch]))
        #expect(try await desk.booksHold())
    }

    private func result<Value>(_ body: () async throws -> Value) async -> Result<Value, SettlementError> {
        do { return .success(try await body()) } catch let error as SettlementError { return .failure(error) } catch {
            return .failure(SettlementError(.unavailable, "\(error)"))
        }
    }

    /// How many rows a payout's tables have.
    private func rows(of desk: Desk) async throws -> [Int64?] {
        try await desk.settlement.database.read { session in
            try ["outgoing", "events", "ledger_transactions", "postings"].map { table in
                try session.first("SELECT COUNT(*) FROM \(table)", []) { try $0.integer() }
            }
        }
    }

    @Test("is in the largest batch in which each has the company that it needs")
    func largestBatch() {
        let seed: UInt64 = 11
        let random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let needs = (0..<(random.next() % 9)).map { _ in Int(random.next() % 10) + 1 }
            // Every set of orders, as the bits of a number.
            let sizes = (0..<(1 << needs.count)).compactMap { set -> Int? in
                let members = needs.indices.filter { set >> $0 & 1 == 1 }
                return members.allSatisfy { needs[$0] <= members.count } ? members.count : nil
            }
            let size = BatchChoice.size(for: needs)
            #expect(size == sizes.max(), "seed \(seed): \(needs)")
            #expect(needs.count { $0 <= size } == size, "seed \(seed): \(needs)")
        }
    }
}
