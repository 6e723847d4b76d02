import DatabaseEngines
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Testing

@Suite("One approved form at a time holds an order")
struct TwoTapsTests {
    private func question(_ id: String, _ opened: InvoiceWithOptions, by payer: String = "1") -> ApprovalRequest {
        ApprovalRequest(
            id: id,
            reference: ScriptedProvider.reference(opened.options[0].id),
            payer: payer,
            topic: .payment(amount: opened.options[0].due)
        )
    }

    private func isApproved(_ question: ApprovalRequest, _ desk: Desk) async -> Bool {
        await desk.settlement.decide(question, of: desk.provider) == .approved
    }

    @Test("the second form is declined, also of the same customer, and after a restart", arguments: Engine.allCases)
    func forms(engine: Engine) async throws {
        var desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        #expect(await isApproved(question("a", opened), desk))
        // Telegram delivers a question twice: the answer is the same.
        #expect(await isApproved(question("a", opened), desk))
        for payer in ["1", "2"] {
            let decision = await desk.settlement.decide(question("b", opened, by: payer), of: desk.provider)
            guard case .refused(let sentence) = decision else {
                Issue.record("a second form of \(payer) was approved")
                continue
            }
            #expect(sentence.contains("being paid"))
        }
        try await desk.restart()
        #expect(await !isApproved(question("b", opened), desk))
        #expect(await isApproved(question("a", opened), desk))
        desk.clock.advance(by: .seconds(149))
        #expect(await !isApproved(question("b", opened), desk))
        desk.clock.advance(by: .seconds(1))
        #expect(await isApproved(question("b", opened), desk))
        // A form that was given up for another one is not approved again when it is delivered again.
        #expect(await !isApproved(question("a", opened), desk))
    }

    @Test("one of many forms sent at the same moment is approved", arguments: Engine.allCases)
    func race(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let approved = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                let question = question("q\(number)", opened, by: "\(number % 2)")
                group.addTask { await desk.settlement.decide(question, of: desk.provider) == .approved }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(approved == 1)
    }

    @Test("the payment ends the hold, and the approval is deleted when its time is over", arguments: Engine.allCases)
    func release(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        #expect(await isApproved(question("a", opened), desk))
        try await desk.receive(desk.transfer(opened.options[0].due, for: opened.options[0].id))
        #expect(await !isApproved(question("b", opened), desk), "a paid invoice was approved again")
        desk.clock.advance(by: .seconds(151))
        try await desk.settlement.expireInvoices()
        let left = try await desk.settlement.database.read { session in
            try session.query("SELECT a.invoice FROM approvals a", []).count
        }
        #expect(left == 0)
    }
}
