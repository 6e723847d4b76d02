import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
import Storage
import StrictJSON

extension RESTAPI {
    func listPayments(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow("limit", "starting_after", "ending_before", "invoice")
        let page = try call.page()
        var invoice: InvoiceID?
        if let text = call.parameter("invoice") {
            do { invoice = try InvoiceID(text) } catch {
                throw Problem.invalid("'invoice' identifies no invoice", "invoice")
            }
        }
        let wanted = invoice
        let found = try await settlement.database.read { session in
            try session.payments(of: call.merchant, invoice: wanted, in: page).map { payment in
                try json(payment, for: call, in: session)
            }
        }
        return list(found, of: call, page: page)
    }

    func readPayment(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaymentID = try call.id(at: 2)
        let found = try await settlement.database.read { session -> JSONValue? in
            guard let payment = try session.payment(id), settlement.owns(call.merchant, payment.merchant) else {
                return nil
            }
            return try json(payment, for: call, in: session)
        }
        guard let found else { throw Problem.notFound("there is no payment \(id)") }
        return json(found)
    }

    /// A payment as the request's key may read it.
    private func json(_ payment: Payment, for call: APIRequest, in session: any SQLSession) throws -> JSONValue {
        guard call.access.readsPersonalData else { return try representation.json(payment) }
        return try settlement.personalJSON(payment, in: session)
    }

    func erasePersonalData(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: PaymentID = try call.id(at: 2)
        return json(try await settlement.erasePersonalData(of: id, for: call.merchant, by: call.key))
    }
}
