import HTTPMessages
import Money
import Payments
import Records
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    // MARK: - Refunds

    func createRefund(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("payment", "amount", "basis", "reason", "provider_reference", "on_high_fee")
        let text = try body.text("payment")
        guard let payment = try? PaymentID(text) else {
            throw Problem.invalid("'payment' identifies no payment", "payment")
        }
        let reason = try body.optionalText("reason")
        guard let stored = try await settlement.payment(payment, of: call.merchant) else {
            throw Problem.notFound("there is no payment \(payment)")
        }
        let request = RefundRequest(
            payment: payment,
            measure: try measure(body, of: stored),
            reason: reason,
            providerReference: try body.optionalText("provider_reference"),
            onHighFee: try highFeeChoice(body)
        )
        return try await once(call, making: RefundKind.self, as: MadeObject.refund) { id in
            try representation.json(try await settlement.requestRefund(request, by: call.merchant, id: id))
        }
    }

    /// How the amount of a refund is determined, by its name in the interface.
    private enum Basis: String, CaseIterable {
        case paid
        case originalRate = "original_rate"
        case currentRate = "current_rate"
        case overpaid
    }

    private func measure(_ body: JSONBody, of payment: Payment) throws -> RefundMeasure {
        let basis: Basis = body.value["basis"] ?? .null == .null ? .paid : try body.word("basis")
        let text = try body.optionalText("amount")
        func amount(in id: AssetID) throws -> Amount? {
            let asset = try asset(id.text, "payment")
            return try text.map { try self.amount($0, asset, "amount") }
        }
        // If the payment has no price, the use case refuses the refund, whatever the amount.
        let price = payment.value?.asset ?? payment.amount.asset
        switch basis {
        case .paid: return .paid(try amount(in: payment.amount.asset))
        case .originalRate: return .originalRate(try amount(in: price))
        case .currentRate: return .currentRate(try amount(in: price))
        case .overpaid:
            guard text == nil else { throw Problem.unprocessable("the gateway determines what was overpaid", "amount") }
            return .overpaid
        }
    }

    func listOutgoing(_ call: APIRequest, refunds: Bool) async throws -> HTTPResponse {
        try call.allow(
            "limit",
            "starting_after",
            "ending_before",
            "payment",
            "provider",
            "asset",
            "state",
            "destination",
            "created_from",
            "created_until"
        )
        let page = try call.page()
        var filter = OutgoingFilter()
        filter.payment = try call.identifier("payment", of: "a payment")
        filter.provider = call.parameter("provider")
        filter.asset = try call.parameter("asset").map { try asset($0, "asset").id }
        filter.state = try call.word("state")
        filter.destination = call.parameter("destination")
        filter.createdFrom = try call.moment("created_from")
        filter.createdUntil = try call.moment("created_until")
        let wanted = OutgoingList(of: call.merchant, refunds: refunds, where: filter, in: page)
        let found = try await settlement.outgoing(wanted)
        return list(try found.map(representation.json), of: call, page: page)
    }

    func readOutgoing(_ call: APIRequest, refunds: Bool) async throws -> HTTPResponse {
        try call.allow()
        let id = call.path[2]
        guard id.hasPrefix(refunds ? RefundKind.prefix : PayoutKind.prefix) else { throw Problem.notFound() }
        guard let found = try await settlement.outgoing(id, of: call.merchant) else { throw Problem.notFound() }
        return json(try representation.json(found))
    }

    // MARK: - Payouts

    func createPayout(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object(
            "amount",
            "asset",
            "destination",
            "comment",
            "needs_approval",
            "on_high_fee",
            "dry_run"
        )
        let asset = try asset(body.text("asset"), "asset")
        let request = PayoutRequest(
            amount: try amount(body.text("amount"), asset, "amount"),
            destination: try body.text("destination"),
            comment: try body.optionalText("comment"),
            needsApproval: try body.flag("needs_approval"),
            onHighFee: try highFeeChoice(body),
            by: call.key
        )
        if try body.flag("dry_run") {
            // The same refusals as without it; nothing is claimed, so that the key stays free for the payout.
            _ = try call.idempotencyKey()
            return json(try representation.json(try await settlement.estimatePayout(request, by: call.merchant)))
        }
        return try await once(call, making: PayoutKind.self, as: MadeObject.payout) { id in
            try representation.json(try await settlement.requestPayout(request, by: call.merchant, id: id))
        }
    }

    /// What is done while the network's fee is too high; it is refused when the merchant says nothing.
    private func highFeeChoice(_ body: JSONBody) throws -> HighFeeChoice {
        body.value["on_high_fee"] ?? .null == .null ? .refuse : try body.word("on_high_fee")
    }

    func decidePayout(_ call: APIRequest, approve: Bool) async throws -> HTTPResponse {
        _ = try call.object()
        let id: PayoutID = try call.id(at: 2)
        let decision = PayoutDecision(id, of: call.merchant, by: call.key, approves: approve)
        return json(try representation.json(try await settlement.decide(decision)))
    }
}
