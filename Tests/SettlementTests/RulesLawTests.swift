import Ledger
import Money
import Payments
import Seams
import Testing

@testable import Settlement

/// The rules beside a plain model, driven by a seed, without a database.
struct RulesLaw {
    var world = RulesWorld()
    var model = MoneyModel()
    var random: SeededRandom
    var invoices: [InvoiceID] = []
    var payments: [PaymentID] = []
    var transfers: [OutgoingTransfer.Purpose] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        for number in 0..<3 {
            let (price, lifetime) = (10_000_000 * (5 + below(16)), 600 * (number + 1))
            invoices.append(world.open(price: price, until: world.now.advanced(by: .seconds(Int64(lifetime)))))
            model.invoices.append(.init(price: price, end: now + lifetime))
        }
    }

    var now: Int { Int(world.now.seconds) }
    mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func any<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    func asset(_ asset: MoneyModel.Asset) -> AssetID { asset == .coin ? RulesWorld.coin : RulesWorld.stars }

    // MARK: - Steps

    /// Performs a random step.
    ///
    /// - Returns: its description.
    mutating func step() throws -> String {
        switch below(20) {
        case 0...3: return try pay()
        case 4: return try reorganise(takesAway: true, bringsBack: false)
        case 5: return try reorganise(takesAway: false, bringsBack: true)
        case 6: return try reorganise(takesAway: true, bringsBack: true)
        case 7, 8: return try refund()
        case 9: return try payOut()
        case 10...12: return try advance()
        case 13: return try reopen()
        case 14, 15: return try decide()
        case 16: return try railReturns()
        case 17: return try assign()
        case 18: return try decidePayout()
        default: return try letTimePass()
        }
    }

    /// Performs what the model says is possible, and sees that anything else is refused and changes nothing.
    private mutating func attempt(
        _ what: String,
        if isPossible: Bool,
        _ body: (inout RulesWorld) throws -> Void
    ) throws -> Bool {
        if isPossible {
            try body(&world)
        } else {
            let before = world.changes.count
            #expect(throws: SettlementError.self, "\(what)") { try body(&world) }
            #expect(world.changes.count == before, "\(what)")
        }
        return isPossible
    }

    private mutating func pay() throws -> String {
        let invoice = chance(85) ? below(invoices.count) : nil
        let kind: MoneyModel.Asset = invoice != nil && chance(12) ? .stars : .coin
        var units = 10_000_000 * (1 + below(12))
        if let invoice, chance(40) {
            units = max(10_000_000, model.invoices[invoice].price - model.invoices[invoice].received)
        }
        payments.append(try world.pay(RulesWorld.amount(units, asset(kind)), for: invoice.map { invoices[$0] }))
        model.arrive(.init(amount: units, asset: kind, madeAt: now, invoice: invoice))
        return "payment \(payments.count) of \(units) for \(invoice.map(String.init) ?? "nothing")"
    }

    private mutating func reorganise(takesAway: Bool, bringsBack: Bool) throws -> String {
        var chosen: [Int] = []
        for index in model.payments.indices where model.payments[index].stands == takesAway && chance(50) {
            chosen.append(index)
        }
        if takesAway {
            for index in chosen {
                try world.undo(payments[index])
                model.vanish(index)
            }
        }
        if bringsBack {
            for index in chosen {
                try world.bringBack(payments[index])
                model.place(index)
            }
        }
        return "a reorganisation of \(chosen.map { $0 + 1 }): gone \(takesAway), back \(bringsBack)"
    }

    private mutating func letTimePass() throws -> String {
        world.now = world.now.advanced(by: .seconds(200))
        for (number, id) in invoices.enumerated() where model.invoices[number].end < now {
            try world.expire(id)
        }
        model.expire(at: now)
        return "200 seconds"
    }

    private mutating func decide() throws -> String {
        guard let known = any(world.cases), let index = payments.firstIndex(where: { $0 == known.payment }) else {
            return "nothing"
        }
        let isOrphaned = known.reason == .orphaned
        let what = "the case \(known.reason) of payment \(index + 1)"
        if chance(60) {
            let wish = [nil, true, false][below(3)]
            let isPossible = !isOrphaned && model.canAccept(index, settling: wish)
            if try attempt(what, if: isPossible, { try $0.accept(known, settling: wish) }) {
                model.accept(index, settling: wish)
            }
            return what + ": accept, settling \(wish.map(String.init) ?? "as usual")"
        }
        if try attempt(what, if: isOrphaned, { try $0.dismiss(known) }) { model.payments[index].isMissed = false }
        return what + ": dismiss"
    }

    private mutating func assign() throws -> String {
        guard let index = any(model.payments.indices.filter(model.canAssign)) else { return "nothing" }
        let target = below(invoices.count)
        try world.assign(payments[index], to: invoices[target])
        model.assign(index, to: target)
        return "payment \(index + 1) is assigned to \(target)"
    }

    // MARK: - Money on its way out

    private mutating func refund() throws -> String {
        guard let index = any(Array(model.payments.indices)) else { return "nothing" }
        let whole = model.payments[index].amount
        let units = [whole, whole / 20_000_000 * 10_000_000, 10_000_000][below(3)]
        let amount = RulesWorld.amount(units, asset(model.payments[index].asset))
        let (what, id) = ("a refund of \(units) of payment \(index + 1)", payments[index])
        var made: OutgoingTransfer?
        guard try attempt(what, if: model.canRefund(units, of: index), { made = try $0.refund(amount, of: id) }) else {
            return what + ", refused"
        }
        if let made { transfers.append(made.purpose) }
        model.send(.init(payment: index, amount: units))
        return what
    }

    private mutating func payOut() throws -> String {
        let units = 10_000_000 * (1 + below(6))
        guard model.canPayOut(units) else { return "nothing" }
        transfers.append(try world.payOut(RulesWorld.amount(units)).purpose)
        model.send(.init(payment: nil, amount: units))
        return "a payout of \(units)"
    }

    private mutating func decidePayout() throws -> String {
        let open = model.transfers.indices.filter { index in
            model.transfers[index].payment == nil && model.transfers[index].state == .waiting
        }
        guard let index = any(open) else { return "nothing" }
        try world.decide(transfers[index], approve: false)
        model.transfers[index].state = .cancelled
        return "transfer \(index + 1) is called off"
    }

    private mutating func railReturns() throws -> String {
        guard let index = any(model.payments.indices.filter(model.canReturn)) else { return "nothing" }
        try world.railReturns(payments[index])
        model.railReturns(index)
        let refunds = world.payments[payments[index]]?.refunds ?? []
        transfers += refunds.map(\.transfer.purpose).filter { !transfers.contains($0) }
        return "the rail has returned payment \(index + 1)"
    }

    private mutating func advance() throws -> String {
        let moving = model.transfers.indices.filter { [.waiting, .underway].contains(model.transfers[$0].state) }
        guard let index = any(moving) else { return "nothing" }
        let transfer = model.transfers[index]
        guard transfer.state == .underway else {
            try world.sign(transfers[index])
            model.transfers[index].state = .underway
            return "transfer \(index + 1) is sent"
        }
        let kind = transfer.payment.map { model.payments[$0].asset } ?? .coin
        let (arrives, fee) = (chance(55), RulesWorld.amount(MoneyModel.networkFee, asset(kind)))
        let event: PayoutStateMachine.Event = arrives ? .confirmed : .provenDead
        try world.end(transfers[index], as: TransferEnd(event: event, fee: fee, decidedAt: world.now))
        model.transfers[index].state = arrives ? .sent : .failed
        return "transfer \(index + 1) \(arrives ? "arrives" : "fails")"
    }

    private mutating func reopen() throws -> String {
        let ended = model.transfers.indices.filter { index in
            [.sent, .failed].contains(model.transfers[index].state) && !model.transfers[index].isAdopted
        }
        guard let index = any(ended) else { return "nothing" }
        try world.reopen(transfers[index])
        model.reopen(index)
        return "the end of transfer \(index + 1) is gone"
    }

    // MARK: - Comparing

    /// The differences between what was decided and the model, a sentence each.
    func differences() throws -> [String] {
        var found: [String] = []
        for (index, id) in payments.enumerated() {
            let booked = world.payments[id].map { $0.booked + $0.refunds.flatMap(\.booked) } ?? []
            found += compare(booked, with: model.accounts(of: index), "payment \(index + 1)")
        }
        found += compare(world.payouts.values.flatMap(\.booked), with: model.accounts(of: nil), "the payouts")
        let cases = world.cases.compactMap { open in
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
        _ booked: [LedgerTransaction],
        with expected: [String: Int],
        _ what: String
    ) -> [String] {
        var sums: [String: Int] = [:]
        for posting in booked.flatMap(\.postings) {
            sums["\(posting.account.code.rawValue) \(posting.amount.asset.text)", default: 0] +=
                Int("\(posting.amount.units)") ?? 0
        }
        return Set(sums.keys).union(expected.keys).sorted().compactMap { key in
            let (held, wanted) = (sums[key] ?? 0, expected[key] ?? 0)
            return held == wanted ? nil : "\(what): \(key) holds \(held), not \(wanted)"
        }
    }
}

@Suite("The law of decisions")
struct RulesLawTests {
    @Test("each account equals a plain model after any decisions, without a database", arguments: 1...8)
    func everySequence(group: UInt64) throws {
        for seed in group * 1_000..<group * 1_000 + 60 {
            var law = RulesLaw(seed: seed)
            for step in 1...40 {
                let what = try law.step()
                let differences = try law.differences()
                #expect(differences.isEmpty, "seed \(seed), step \(step), after \(what)")
                guard differences.isEmpty else { return }
            }
            try Self.check(law.world.changes, "seed \(seed)")
        }
    }

    /// What holds for the changes of any decisions.
    private static func check(_ changes: [Change], _ what: Comment) throws {
        var (booked, reversed): ([Identifier<LedgerTransactionKind>: LedgerTransaction], Set<String>) = ([:], [])
        var (versions, open): ([String: Int64], Set<CaseID>) = ([:], [])
        for change in changes {
            switch change {
            case .ledger(let transaction):
                #expect(booked.updateValue(transaction, forKey: transaction.id) == nil, what)
                guard let reverses = transaction.reverses else { continue }
                // What is reversed was booked before, and is reversed once.
                #expect(booked[reverses] != nil, what)
                #expect(reversed.insert("\(reverses)").inserted, what)
            case .reserved(let transfer, let id):
                // What a transfer names sets aside exactly its amount.
                let set = booked[id]?.postings.filter { $0.account == transfer.reservedAccount }.map(\.amount)
                #expect(try set == [transfer.amount.negated()], what)
            case .transfer(.state(let updated, let old, _)):
                #expect(updated.version == old.version + 1, what)
                #expect(versions.updateValue(updated.version, forKey: old.purpose.id) ?? 1 == old.version, what)
            case .order(.invoice(let updated, let old)):
                #expect(updated.version == old.version + 1, what)
                #expect(versions.updateValue(updated.version, forKey: old.id.text) ?? 1 == old.version, what)
            case .exception(.opened(let opened)): #expect(open.insert(opened.id).inserted, what)
            case .exception(.amount(let id, _)): #expect(open.contains(id), what)
            case .exception(.closed(let closed, _)): #expect(open.remove(closed.id) != nil, what)
            default: break
            }
        }
    }
}
