import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("A question before a payment that names another's order")
struct ForeignQuestionTests {
    @Test(
        "is refused, and opens one case for the operator, however many come",
        arguments: Engine.allCases
    )
    func foreignQuestions(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let neighbour = ScriptedProvider(asset: desk.coin.id, key: "neighbour")
        func ask(_ option: PaymentOptionID, _ topic: ApprovalRequest.Topic, of provider: ScriptedProvider) async -> Bool
        {
            let question = ApprovalRequest(
                id: option.text,
                reference: ScriptedProvider.reference(option),
                payer: "1",
                topic: topic
            )
            if case .refused = await desk.settlement.decide(question, of: provider) { return false }
            return true
        }
        func cases() async throws -> [ExceptionCase] {
            try await desk.settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 99)) }
        }
        let amount = try desk.amount("1.5")
        var opened: [InvoiceWithOptions] = []
        for number in 1...20 { opened.append(try await desk.openInvoice(id: InvoiceID(value: UInt128(number)))) }
        #expect(await !ask(PaymentOptionID(value: 999), .payment(amount: amount), of: neighbour))
        #expect(try await cases().isEmpty, "a question that names no order opened a case")
        for (number, invoice) in opened.enumerated() {
            let topic: ApprovalRequest.Topic = number % 2 == 0 ? .payment(amount: amount) : .shipping(address: "{}")
            #expect(await !ask(invoice.options[0].id, topic, of: neighbour))
        }
        let open = try await cases()
        #expect(open.map(\.reason) == [.foreignReference])
        let first = try #require(open.first)
        #expect(first.merchant == nil && first.detail?.contains(opened[0].invoice.id.text) == true)
        #expect(await ask(opened[0].options[0].id, .payment(amount: amount), of: desk.provider))
        let request = CaseRequest(first.id, .dismiss)
        _ = try await desk.settlement.resolveCase(request, by: desk.settlement.operatorMerchant)
        #expect(await !ask(opened[5].options[0].id, .payment(amount: amount), of: neighbour))
        #expect(try await cases().count == 1, "after the case is closed, the next question opens another")
        #expect(try await desk.booksHold())
    }
}
