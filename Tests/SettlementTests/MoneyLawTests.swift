import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("The law of money that moves back and forth")
struct MoneyLawTests {
    struct Run: Sendable, CustomTestStringConvertible {
        let engine: Engine
        let seed: UInt64
        var testDescription: String { "\(engine.rawValue), seed \(seed)" }
    }

    static let runs =
        (1...60).map { Run(engine: .sqlite, seed: $0) } + (101...106).map { Run(engine: .postgreSQL, seed: $0) }

    @Test(
        "after any payments, refunds, failures, reorganisations and decisions, each account holds what a plain model says",
        arguments: runs
    )
    func everySequence(run: Run) async throws {
        var world = try await LawWorld(on: run.engine, seed: run.seed)
        for step in 1...40 {
            let what = try await world.step()
            let differences = try await world.differences()
            #expect(differences.isEmpty, "seed \(run.seed), step \(step), after \(what)")
            guard differences.isEmpty else { break }
        }
        #expect(try await world.desk.booksHold())
        try await world.desk.settlement.database.close()
    }
}

/// A desk and the model of it, driven by a seed.
private struct LawWorld {
    let desk: Desk
    private var model = MoneyModel()
    private let random: SeededRandom
    private var options: [PaymentOptionID] = []
    private var invoices: [InvoiceID] = []
    private var payments: [PaymentID] = []
    private var arrivals: [IncomingTransfer] = []
    private var transfers: [String] = []
    private var pages = 0

    init(on engine: Engine, seed: UInt64) async throws {
        random = SeededRandom(seed: seed)
        desk = try await Desk(on: engine)
        desk.provider.script.withLock { $0.hasOneLane = false }
        for number in 0..<3 {
            let (price, lifetime) = (10_000_000 * (5 + below(16)), 600 * (number + 1))
            let request = InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: amount(price, .coin),
                lifetime: .seconds(Int64(lifetime))
            )
            let id = InvoiceID(value: UInt128(number + 1))
            let opened = try await desk.settlement.openInvoice(request, for: desk.merchant, id: id)
            options.append(opened.options[0].id)
            invoices.append(id)
            model.invoices.append(.init(price: price, end: now + lifetime))
        }
    }

    private var now: Int { Int(desk.clock.now().seconds) }
    private func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    private func chance(_ percent: Int) -> Bool { below(100) < percent }
    private func any(_ indices: some Sequence<Int>) -> Int? {
        let all = Array(indices)
        return all.isEmpty ? nil : all[below(all.count)]
    }

    private func amount(_ units: Int, _ asset: MoneyModel.Asset) -> Amount {
        Amount(asset: asset == .coin ? desk.coin.id : .stars, units: Int256(units))
    }

    // MARK: - Steps

    /// Something happens.
    ///
    /// - Returns: what, for a person.
    mutating func step() async throws -> String {
        switch below(16) {
        case 0...3: return try await pay()
        case 4: return try await reorganise(takesAway: true, bringsBack: false)
        case 5: return try await reorganise(takesAway: false, bringsBack: true)
        case 6: return try await reorganise(takesAway: true, bringsBack: true)
        case 7, 8: return try await refund()
        case 9: return try await payOut()
        case 10, 11, 12: return try await advance()
        case 13: return try await reopen()
        case 14: return try await decide()
        default: return try await letTimePass()
        }
    }

    private mutating func pay() async throws -> String {
        let invoice = chance(85) ? below(invoices.count) : nil
        let asset: MoneyModel.Asset = invoice != nil && chance(12) ? .stars : .coin
        var units = 10_000_000 * (1 + below(12))
        if let invoice, chance(40) {
            units = max(10_000_000, model.invoices[invoice].price - model.invoices[invoice].received)
        }
        let number = arrivals.count + 1
        let transfer = IncomingTransfer(
            naturalKey: NaturalKey("test", "\(number)"),
            reference: invoice.map { ScriptedProvider.reference(options[$0]) },
            amount: amount(units, asset),
            payer: "payer",
            refundTarget: "payer",
            evidence: "{}",
            occurredAt: desk.clock.now(),
            availableAt: desk.clock.now()
        )
        try await see([.incoming(transfer)])
        arrivals.append(transfer)
        let provider = desk.provider.key
        let stored = try await desk.settlement.database.read { session in
            try session.payment(naturalKey: transfer.naturalKey, at: provider)
        }
        payments.append(try #require(stored).id)
        model.arrive(.init(amount: units, asset: asset, madeAt: now, invoice: invoice))
        return "payment \(number) of \(units) for \(invoice.map(String.init) ?? "nothing")"
    }

    private mutating func see(_ observations: [Observation]) async throws {
        let page = ScanPage(observations: observations, position: "\(pages + 1)", hasMore: false, completeUntil: nil)
        let account = ScanAccount(account: "all", subject: "blocks")
        let before = pages == 0 ? nil : "\(pages)"
        try await desk.settlement.record(page, of: account, at: desk.provider, after: before)
        pages += 1
    }

    private mutating func reorganise(takesAway: Bool, bringsBack: Bool) async throws -> String {
        let chosen = model.payments.indices.filter { model.payments[$0].stands == takesAway && chance(50) }
        var observations: [Observation] = []
        if takesAway {
            for index in chosen {
                observations.append(.vanished(arrivals[index].naturalKey, at: desk.clock.now()))
                model.vanish(index)
            }
        }
        if bringsBack {
            for index in chosen {
                let old = arrivals[index]
                let again = Observation.incoming(
                    IncomingTransfer(
                        naturalKey: old.naturalKey,
                        reference: old.reference,
                        amount: old.amount,
                        payer: old.payer,
                        refundTarget: old.refundTarget,
                        evidence: "{\"block\":\"\(pages)\"}",
                        occurredAt: desk.clock.now(),
                        availableAt: desk.clock.now()
                    )
                )
                observations += chance(30) ? [again, again] : [again]
                model.place(index)
            }
        }
        try await see(observations)
        return "a reorganisation of \(chosen.map { $0 + 1 }): gone \(takesAway), back \(bringsBack)"
    }

    private mutating func refund() async throws -> String {
        guard let index = any(model.payments.indices) else { return "nothing" }
        let parts = [model.payments[index].amount, model.payments[index].amount / 20_000_000 * 10_000_000, 10_000_000]
        return try await refund(parts[below(3)], of: index)
    }

    private mutating func refund(_ units: Int, of index: Int) async throws -> String {
        let payment = model.payments[index]
        let id: RefundID = desk.settlement.identifiers.next()
        let request = RefundRequest(payment: payments[index], amount: amount(units, payment.asset), reason: nil)
        let what = "a refund of \(units) of payment \(index + 1)"
        guard model.canRefund(units, of: index) else {
            let merchant = payment.isNobodys ? MerchantID(value: 0) : desk.merchant
            await #expect(throws: SettlementError.self, "\(what)") {
                try await desk.settlement.requestRefund(request, by: merchant, id: id)
            }
            return what + ", refused"
        }
        let merchant = payment.isNobodys ? MerchantID(value: 0) : desk.merchant
        _ = try await desk.settlement.requestRefund(request, by: merchant, id: id)
        transfers.append(id.text)
        model.send(.init(payment: index, amount: units))
        return what
    }

    private mutating func payOut() async throws -> String {
        let units = 10_000_000 * (1 + below(6))
        let request = PayoutRequest(amount: amount(units, .coin), destination: "d", comment: nil, needsApproval: false)
        let id: PayoutID = desk.settlement.identifiers.next()
        guard model.canPayOut(units) else {
            await #expect(throws: SettlementError.self) {
                try await desk.settlement.requestPayout(request, by: desk.merchant, id: id)
            }
            return "a payout, refused"
        }
        _ = try await desk.settlement.requestPayout(request, by: desk.merchant, id: id)
        transfers.append(id.text)
        model.send(.init(payment: nil, amount: units))
        return "a payout of \(units)"
    }

    private mutating func advance() async throws -> String {
        let moving = model.transfers.indices.filter { [.waiting, .underway].contains(model.transfers[$0].state) }
        guard let index = any(moving) else { return "nothing" }
        let (id, transfer) = (transfers[index], model.transfers[index])
        guard transfer.state == .underway else {
            try await desk.settlement.advance(id)
            model.transfers[index].state = .underway
            return "transfer \(index + 1) is sent"
        }
        let asset = transfer.payment.map { model.payments[$0].asset } ?? .coin
        let (arrives, fee) = (chance(55), amount(MoneyModel.networkFee, asset))
        let fate: TransferFate =
            arrives
            ? .confirmed(evidence: "e", fee: fee, at: desk.clock.now())
            : .dead(reason: "expired", fee: fee, at: desk.clock.now())
        desk.provider.script.withLock { $0.fates[id] = fate }
        try await desk.settlement.advance(id)
        model.transfers[index].state = arrives ? .sent : .failed
        return "transfer \(index + 1) \(arrives ? "arrives" : "fails")"
    }

    private mutating func reopen() async throws -> String {
        let ended = model.transfers.indices.filter { [.sent, .failed].contains(model.transfers[$0].state) }
        guard let index = any(ended) else { return "nothing" }
        try await see([.uncertain(transfer: transfers[index], at: desk.clock.now())])
        model.reopen(index)
        return "the end of transfer \(index + 1) is gone"
    }

    private mutating func letTimePass() async throws -> String {
        desk.clock.advance(by: .seconds(200))
        try await desk.settlement.expireInvoices()
        model.expire(at: now)
        return "200 seconds"
    }

    private mutating func decide() async throws -> String {
        let cases = try await openCases()
        guard let index = any(cases.indices) else { return "nothing" }
        let found = cases[index]
        guard let payment = payments.firstIndex(where: { $0 == found.payment }) else { return "nothing" }
        let merchant = found.merchant ?? MerchantID(value: 0)
        let what = "the case \(found.reason) of payment \(payment + 1)"
        func resolve(_ decision: CaseDecision, if isPossible: Bool) async throws -> Bool {
            let request = CaseRequest(found.id, decision)
            if isPossible {
                _ = try await desk.settlement.resolveCase(request, by: merchant)
            } else {
                await #expect(throws: SettlementError.self, "\(what): \(decision)") {
                    try await desk.settlement.resolveCase(request, by: merchant)
                }
            }
            return isPossible
        }
        let isOrphaned = found.reason == .orphaned
        switch below(4) {
        case 0:
            let isPossible = !isOrphaned && model.canAccept(payment)
            if try await resolve(.accept(settlesInvoice: nil), if: isPossible) { model.accept(payment) }
            return what + ": accept"
        case 1:
            let units = model.waitingNow(payment)
            guard try await resolve(.refund, if: !isOrphaned && model.canRefund(units, of: payment)) else {
                return what + ": refund, refused"
            }
            let id = payments[payment]
            let refunds = try await desk.settlement.database.read { try $0.refunds(of: id) }
            let new = try #require(refunds.last { !transfers.contains($0.purpose.id) })
            transfers.append(new.purpose.id)
            model.send(.init(payment: payment, amount: units))
            return what + ": refund"
        case 2:
            let target = below(invoices.count)
            let isPossible = !isOrphaned && model.canAssign(payment)
            if try await resolve(.assign(invoices[target]), if: isPossible) { model.assign(payment, to: target) }
            return what + ": assign to \(target)"
        default:
            if try await resolve(.dismiss, if: isOrphaned) { model.payments[payment].isMissed = false }
            return what + ": dismiss"
        }
    }

    // MARK: - What is compared

    private func openCases() async throws -> [ExceptionCase] {
        try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 100)) }
    }

    /// What the books hold otherwise than the model says, a sentence each.
    func differences() async throws -> [String] {
        let lines = try await desk.settlement.database.read { try $0.trialBalance().lines }
        var found = compare(
            lines.compactMap { line in line.balance.amount.map { (line.account, $0) } },
            with: model.accounts,
            "all"
        )
        for (index, id) in payments.enumerated() {
            let booked = try await desk.settlement.database.read { try $0.ledgerTransactions(payment: id.text) }
            let postings = booked.flatMap(\.postings).map { ($0.account, $0.amount) }
            found += compare(postings, with: model.accounts(of: index), "payment \(index + 1)")
        }
        let cases = try await openCases().compactMap { open in
            payments.firstIndex { $0 == open.payment }.map { index in
                "\(index + 1) \(open.reason.rawValue) \(open.amount.map { "\($0.units)" } ?? "?")"
            }
        }
        let expected = model.payments.indices.flatMap { index -> [String] in
            let waits = model.reason(of: index).map { ["\(index + 1) \($0) \(model.waitingNow(index))"] } ?? []
            return waits
                + (model.payments[index].isMissed ? ["\(index + 1) orphaned \(model.payments[index].amount)"] : [])
        }
        if cases.sorted() != expected.sorted() { found.append("cases \(cases.sorted()), not \(expected.sorted())") }
        return found
    }

    private func compare(
        _ postings: [(AccountID, Amount)],
        with expected: [String: Int],
        _ what: String
    ) -> [String] {
        var sums: [String: Int256] = [:]
        for (account, amount) in postings {
            let key = "\(account.code.rawValue) \(amount.asset.text)"
            guard let sum = try? Amount(asset: amount.asset, units: sums[key] ?? Int256(0)).adding(amount) else {
                return ["\(what): a sum does not fit"]
            }
            sums[key] = sum.units
        }
        return Set(sums.keys).union(expected.keys).sorted().compactMap { key in
            let (held, wanted) = (sums[key] ?? Int256(0), Int256(expected[key] ?? 0))
            return held == wanted ? nil : "\(what): \(key) holds \(held), not \(wanted)"
        }
    }
}
