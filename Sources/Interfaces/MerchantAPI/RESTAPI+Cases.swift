import Cryptography
import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
import StrictJSON

extension RESTAPI {
    func listCases(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before", "state")
        let page = try call.page()
        guard let state = ExceptionCase.State(rawValue: call.parameter("state") ?? "open") else {
            throw Problem.invalid("'state' is open or resolved", "state")
        }
        let found = try await settlement.cases(of: call.merchant, state: state, in: page)
        return list(try found.map(representation.json), of: call, page: page)
    }

    func readCase(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: CaseID = try call.id(at: 2)
        guard let found = try await settlement.exceptionCase(id, of: call.merchant) else { throw Problem.notFound() }
        // The bytes that a rail sent may hold personal data of a customer.
        let bytes = call.access.readsPersonalData ? try await settlement.bytesSetAside(of: id) : nil
        return json(try representation.json(found, bytes: bytes.map { Hex.encode($0) }))
    }

    func resolveCase(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("action", "invoice", "settle_invoice", "note")
        let decision = try decision(body)
        // A refund that resolves a case needs the same scope as any other refund.
        if case .refund = decision, !call.access.allows(.refundsWrite, isPublishable: false) {
            throw Problem.forbidden(.refundsWrite)
        }
        let id: CaseID = try call.id(at: 2)
        let request = CaseRequest(id, decision, note: try body.optionalText("note"))
        let closed = try await settlement.resolveCase(request, by: call.merchant)
        return json(try representation.json(closed))
    }

    private enum Action: String, CaseIterable {
        case accept
        case refund
        case assign
        case dismiss
    }

    private func decision(_ body: JSONBody) throws -> CaseDecision {
        let action: Action = try body.word("action")
        for (name, owner) in [("invoice", Action.assign), ("settle_invoice", .accept)] where action != owner {
            guard body.value[name] ?? .null == .null else {
                throw Problem.unprocessable("'\(name)' belongs to \(owner.rawValue)", name)
            }
        }
        switch action {
        case .accept:
            let isSaid = body.value["settle_invoice"].map { !$0.isNull } ?? false
            return .accept(settlesInvoice: isSaid ? try body.flag("settle_invoice") : nil)
        case .refund: return .refund
        case .dismiss: return .dismiss
        case .assign:
            guard let text = try body.optionalText("invoice"), let invoice = try? InvoiceID(text) else {
                throw Problem.unprocessable("'invoice' says to which invoice the payment belongs", "invoice")
            }
            return .assign(invoice)
        }
    }
}
