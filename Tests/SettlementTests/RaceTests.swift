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

@Suite("Races with reports of rails, on each engine")
struct RaceTests {
    private func paid(at desk: Desk) async throws -> (PaymentID, NaturalKey) {
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        guard case .payment(let id, _) = try await desk.receive(transfer) else { throw Desk.Crash() }
        return (id, transfer.naturalKey)
    }

    @Test(
        "a refund that the rail reports before, after or during ours is one refund",
        arguments: 0..<12,
        Engine.allCases
    )
    func refunds(seed: Int, engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (payment, key) = try await paid(at: desk)
        let random = SeededRandom(seed: UInt64(seed))
        let told = Observation.refunded(
            naturalKey: NaturalKey("test", "refund"),
            payment: key,
            amount: try desk.amount("1.5"),
            at: desk.clock.now()
        )
        let request = RefundRequest(payment: payment, amount: nil, reason: nil)
        var steps = ["ask", "told", "told", "ask again"]
        for index in steps.indices.reversed() where index > 0 {
            steps.swapAt(index, Int(random.bytes(1)[0]) % (index + 1))
        }
        for step in steps {
            switch step {
            case "told": _ = try await desk.settlement.record(told, at: desk.provider)
            default:
                let id: RefundID = desk.settlement.identifiers.next()
                _ = try? await desk.settlement.requestRefund(request, by: desk.merchant, id: id)
            }
        }
        let refunds = try await desk.settlement.database.read { try $0.refunds(of: payment) }
        let live = refunds.filter { $0.status.state != .cancelled && $0.status.state != .failed }
        #expect(live.count == 1, "\(steps)")
        #expect(try await desk.held("merchant_balance") == "0", "\(steps)")
        #expect(try await desk.booksHold())
    }

    @Test("a payment that many workers report as gone is taken back once", arguments: Engine.allCases)
    func reversals(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (_, key) = try await paid(at: desk)
        let (settlement, provider, now) = (desk.settlement, desk.provider, desk.clock.now())
        let outcomes = try await withThrowingTaskGroup(of: RecordedObservation.self) { group in
            for _ in 0..<100 { group.addTask { try await settlement.record(.vanished(key, at: now), at: provider) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == .undone }.count == 1)
        #expect(try await desk.held("provider_receivable") == "0")
        #expect(try await desk.booksHold())
    }

    @Test("of two equal orders the paid one is settled", arguments: Engine.allCases)
    func alike(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let orders = [
            try await desk.openInvoice(id: InvoiceID(value: 1)), try await desk.openInvoice(id: InvoiceID(value: 2)),
        ]
        for number in 1...3 {
            try await desk.receive(desk.transfer(try desk.amount("1.5"), for: orders[1].options[0].id, number: number))
        }
        var states: [InvoiceStateMachine.State] = []
        for order in orders {
            states.append(try await desk.settlement.invoice(order.invoice.id, of: desk.merchant).invoice.status.state)
        }
        #expect(states == [.new, .settled])
        #expect(try await desk.held("repeated_payments") == "3")
    }

    /// Everything that can happen to an invoice at one moment.
    private enum Step: CaseIterable {
        case paid
        case expires
        case cancelled
    }

    private static let orders: [[Step]] = Step.allCases.flatMap { first in
        Step.allCases.filter { $0 != first }.flatMap { second in
            Step.allCases.filter { $0 != first && $0 != second }.map { [first, second, $0] }
        }
    }

    @Test(
        "payment, end and cancellation at one moment lose no money, in any order",
        arguments: orders,
        Engine.allCases
    )
    private func together(steps: [Step], engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        desk.clock.advance(by: .seconds(601))
        for step in steps {
            switch step {
            case .paid: try await desk.receive(transfer)
            case .expires: try await desk.settlement.expireInvoices()
            case .cancelled: _ = try? await desk.settlement.cancelInvoice(opened.invoice.id, of: desk.merchant)
            }
        }
        let state = try await desk.settlement.invoice(opened.invoice.id, of: desk.merchant).invoice.status.state
        // The payment was made in time: it settles the invoice, or opens a case with the reason.
        let (earned, late) = (try await desk.held("merchant_balance"), try await desk.held("late_payments"))
        #expect(state == .settled ? (earned == "1.485" && late == "0") : (earned == "0" && late == "1.5"), "\(steps)")
        #expect(try await desk.booksHold())
    }

    @Test("a refund at the payment provider that two gateways record is one refund, and the others get a conflict")
    func recordedRefunds() async throws {
        let engine = Engine.postgreSQL
        let desk = try await Desk(on: engine, provider: { ScriptedProvider(asset: $0, refunds: .elsewhere) })
        let (payment, _) = try await paid(at: desk)
        let second = try Desk.settlement(
            engine.open(desk.place),
            [desk.provider],
            desk.coin,
            desk.clock,
            .none,
            seed: 2
        )
        let amount = try desk.amount("0.1")
        for round in 0..<5 {
            let outcomes = await withTaskGroup(of: Result<OutgoingTransfer, any Error>.self) { group in
                for (number, gateway) in [desk.settlement, second, desk.settlement, second].enumerated() {
                    group.addTask {
                        let id = RefundID(value: UInt128(1_000 + 10 * round + number))
                        let request = RefundRequest(
                            payment: payment,
                            measure: .paid(amount),
                            reason: nil,
                            providerReference: "re_\(round)"
                        )
                        do {
                            return .success(try await gateway.requestRefund(request, by: desk.merchant, id: id))
                        } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let errors = outcomes.compactMap { outcome in if case .failure(let error) = outcome { error } else { nil } }
            #expect(errors.count == 3, "more or less than one of four was recorded")
            #expect(errors.allSatisfy { ($0 as? SettlementError)?.code == .conflict }, "\(errors)")
        }
        #expect(try await desk.settlement.database.read { try $0.refunds(of: payment).count } == 5)
        #expect(try await desk.booksHold())
        try await second.database.close()
    }

    @Test("a refund number of the payment provider is unique within a merchant, not within a bot")
    func numbersOfMerchants() async throws {
        let desk = try await Desk(provider: { ScriptedProvider(asset: $0, refunds: .elsewhere) })
        let other = MerchantID(value: 8)
        let now = desk.clock.now()
        try await desk.settlement.database.write { session in
            try session.insert(MerchantRecord(id: other, name: "other", feeBasisPoints: 0, createdAt: now))
        }
        for (number, merchant) in [desk.merchant, other].enumerated() {
            let request = InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: try desk.amount("1.5"),
                lifetime: .seconds(600)
            )
            let id = InvoiceID(value: UInt128(50 + number))
            let opened = try await desk.settlement.openInvoice(request, for: merchant, id: id)
            try await desk.receive(
                desk.transfer(try desk.amount("1.5"), for: opened.options[0].id, number: 50 + number)
            )
            let payment = try #require(
                try await desk.settlement.database.read { try $0.payments(of: id).first?.id }
            )
            for (attempt, isBooked) in [true, false].enumerated() {
                let refund = RefundRequest(
                    payment: payment,
                    measure: .paid(try desk.amount("0.1")),
                    reason: nil,
                    providerReference: "R1"
                )
                let booked = try? await desk.settlement.requestRefund(
                    refund,
                    by: merchant,
                    id: RefundID(value: UInt128(10 * number + attempt + 1))
                )
                #expect((booked != nil) == isBooked)
            }
        }
    }
}
