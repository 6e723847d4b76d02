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

/// A desk and its model, driven by a seed.
struct LawWorld {
    let desk: Desk
    var model = MoneyModel()
    let random: SeededRandom
    var options: [PaymentOptionID] = []
    var invoices: [InvoiceID] = []
    var payments: [PaymentID] = []
    var arrivals: [IncomingTransfer] = []
    var transfers: [String] = []
    var returns = 0
    var pages = 0

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

    var now: Int { Int(desk.clock.now().seconds) }
    func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    func chance(_ percent: Int) -> Bool { below(100) < percent }
    func any(_ indices: some Sequence<Int>) -> Int? {
        let all = Array(indices)
        return all.isEmpty ? nil : all[below(all.count)]
    }

    func amount(_ units: Int, _ asset: MoneyModel.Asset) -> Amount {
        Amount(asset: asset == .coin ? desk.coin.id : .stars, units: Int256(units))
    }

    // MARK: - Steps

    /// Performs a random step.
    ///
    /// - Returns: its description.
    mutating func step() async throws -> String {
        switch below(20) {
        case 0...3: return try await pay()
        case 4: return try await reorganise(takesAway: true, bringsBack: false)
        case 5: return try await reorganise(takesAway: false, bringsBack: true)
        case 6: return try await reorganise(takesAway: true, bringsBack: true)
        case 7, 8: return try await refund()
        case 9: return try await payOut()
        case 10, 11, 12: return try await advance()
        case 13: return try await reopen()
        case 14, 15: return try await decide()
        case 16: return try await railReturns()
        case 17: return try await claim()
        case 18: return try await decidePayout()
        default: return try await letTimePass()
        }
    }

    mutating func pay() async throws -> String {
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

    mutating func see(_ observations: [Observation]) async throws {
        let page = ScanPage(observations: observations, position: "\(pages + 1)", hasMore: false, completeUntil: nil)
        let account = ScanAccount(account: "all", subject: "blocks")
        let before = pages == 0 ? nil : "\(pages)"
        try await desk.settlement.record(page, of: account, at: desk.provider, after: before)
        pages += 1
    }

    mutating func reorganise(takesAway: Bool, bringsBack: Bool) async throws -> String {
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

    mutating func letTimePass() async throws -> String {
        desk.clock.advance(by: .seconds(200))
        try await desk.settlement.expireInvoices()
        model.expire(at: now)
        return "200 seconds"
    }

    mutating func decide() async throws -> String {
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
            let wish = [nil, true, false][below(3)]
            let isPossible = !isOrphaned && model.canAccept(payment, settling: wish)
            if try await resolve(.accept(settlesInvoice: wish), if: isPossible) {
                model.accept(payment, settling: wish)
            }
            return what + ": accept, settling \(wish.map(String.init) ?? "as usual")"
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
}
