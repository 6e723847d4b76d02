import HTTPMessages
import Payments
import Routing
import Seams
import Settlement
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
        let wanted = PaymentList(
            of: call.merchant,
            invoice: invoice,
            in: page,
            withPersonalData: call.access.readsPersonalData
        )
        let found = try await settlement.paymentTexts(wanted)
        return list(found, of: call, page: page)
    }

    func readPayment(_ call: APIRequest) async throws -> HTTPResponse {
        try call.allow()
        let id: PaymentID = try call.id(at: 2)
        let found = try await settlement.paymentText(
            id,
            of: call.merchant,
            withPersonalData: call.access.readsPersonalData
        )
        guard let found else { throw Problem.notFound("there is no payment \(id)") }
        return json(found)
    }

    func erasePersonalData(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: PaymentID = try call.id(at: 2)
        return json(try await settlement.erasePersonalData(ErasureRequest(of: id, for: call.merchant, by: call.key)))
    }
}
