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

/// Money on its way out.
extension LawWorld {
    mutating func refund() async throws -> String {
        guard let index = any(model.payments.indices) else { return "nothing" }
        let parts = [model.payments[index].amount, model.payments[index].amount / 20_000_000 * 10_000_000, 10_000_000]
        return try await refund(parts[below(3)], of: index)
    }

    mutating func refund(_ units: Int, of index: Int) async throws -> String {
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

    mutating func payOut() async throws -> String {
        let units = 10_000_000 * (1 + below(6))
        let needsApproval = chance(40)
        let request = PayoutRequest(
            amount: amount(units, .coin),
            destination: "d",
            comment: nil,
            needsApproval: needsApproval
        )
        let id: PayoutID = desk.settlement.identifiers.next()
        guard model.canPayOut(units) else {
            await #expect(throws: SettlementError.self) {
                try await desk.settlement.requestPayout(request, by: desk.merchant, id: id)
            }
            return "a payout, refused"
        }
        _ = try await desk.settlement.requestPayout(request, by: desk.merchant, id: id)
        transfers.append(id.text)
        model.send(.init(payment: nil, amount: units, state: needsApproval ? .asked : .waiting))
        return "a payout of \(units)"
    }

    /// Approves a payout, or cancels it before it is sent.
    mutating func decidePayout() async throws -> String {
        let open = model.transfers.indices.filter { index in
            model.transfers[index].payment == nil && [.asked, .waiting].contains(model.transfers[index].state)
        }
        guard let index = any(open) else { return "nothing" }
        let approves = model.transfers[index].state == .asked && chance(50)
        let id = try PayoutID(transfers[index])
        let owed = model.accounts["merchant_balance \(amount(1, .coin).asset.text)"] ?? 0
        if approves, owed > 0 {
            await #expect(throws: SettlementError.self) {
                _ = try await desk.settlement.decide(PayoutDecision(id, of: desk.merchant, approves: true))
            }
            return "transfer \(index + 1) is not approved"
        }
        _ = try await desk.settlement.decide(PayoutDecision(id, of: desk.merchant, approves: approves))
        model.transfers[index].state = approves ? .waiting : .cancelled
        return "transfer \(index + 1) is \(approves ? "approved" : "called off")"
    }

    /// Reports that the rail has returned a whole payment.
    mutating func railReturns() async throws -> String {
        guard let index = any(model.payments.indices.filter(model.canReturn)) else { return "nothing" }
        returns += 1
        let key = NaturalKey("returned", "\(returns)")
        let whole = amount(model.payments[index].amount, model.payments[index].asset)
        let payment = arrivals[index].naturalKey
        try await see([.refunded(naturalKey: key, payment: payment, amount: whole, at: desk.clock.now())])
        model.railReturns(index)
        let id = payments[index]
        let refunds = try await desk.settlement.database.read { try $0.refunds(of: id) }
        transfers += refunds.map(\.purpose.id).filter { !transfers.contains($0) }
        return "the rail has returned payment \(index + 1)"
    }

    /// The payer of an unmatched payment proves it, and claims the payment for an invoice.
    mutating func claim() async throws -> String {
        let target = below(invoices.count)
        let unmatched = model.payments.indices.filter { model.payments[$0].isNobodys && model.payments[$0].stands }
        let oldest = unmatched.sorted { payments[$0].text < payments[$1].text }.prefix(10)
        let claimed = oldest.filter(model.canClaim)
        let what = "a claim of \(claimed.map { $0 + 1 }) for \(target)"
        func claim() async throws -> [Payment] {
            try await desk.settlement.claim(
                ClaimRequest(
                    for: invoices[target],
                    of: desk.merchant,
                    from: "payer",
                    at: desk.provider
                )
            )
        }
        guard !claimed.isEmpty else {
            await #expect(throws: SettlementError(.notFound, ""), "\(what)") { try await claim() }
            return what
        }
        #expect(try await claim().map(\.id) == claimed.map { payments[$0] })
        for index in claimed { model.assign(index, to: target) }
        return what
    }

    mutating func advance() async throws -> String {
        let moving = model.transfers.indices.filter { [.waiting, .underway].contains(model.transfers[$0].state) }
        guard let index = any(moving) else { return "nothing" }
        let (id, transfer) = (transfers[index], model.transfers[index])
        let sent = transfer.payment.map { model.payments[$0].asset } ?? .coin
        guard transfer.state == .underway else {
            let owed = model.accounts["merchant_balance \(amount(1, sent).asset.text)"] ?? 0
            // What a merchant who owes money has set aside from its balance does not leave.
            guard try await desk.settlement.advance(id).status.state != .awaitingPayment else {
                #expect(owed > 0, "transfer \(index + 1) waits, and the merchant owes \(owed)")
                return "transfer \(index + 1) waits for money"
            }
            #expect(transfer.payment != nil || owed <= 0, "transfer \(index + 1) leaves, and the merchant owes \(owed)")
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

    mutating func reopen() async throws -> String {
        let ended = model.transfers.indices.filter { index in
            [.sent, .failed].contains(model.transfers[index].state) && !model.transfers[index].isAdopted
        }
        guard let index = any(ended) else { return "nothing" }
        try await see([.uncertain(transfer: transfers[index], at: desk.clock.now())])
        model.reopen(index)
        return "the end of transfer \(index + 1) is gone"
    }
}
