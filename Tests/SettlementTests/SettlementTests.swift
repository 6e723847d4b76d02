import DatabaseEngines
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

@Suite("Settlement, on each engine")
struct SettlementTests {
    @Test(
        "books each payment by its classification",
        arguments: [
            (["1.5"], ["exact"], ["merchant_balance": "1.485", "fee_income": "0.015"]),
            (["2"], ["over"], ["merchant_balance": "1.485", "overpayments": "0.5"]),
            (["1"], ["partial"], ["customer_clearing": "1", "merchant_balance": "0"]),
            (["1", "0.5"], ["partial", "exact"], ["customer_clearing": "0", "merchant_balance": "1.485"]),
            (["1.5", "1.5"], ["exact", "repeated"], ["merchant_balance": "1.485", "repeated_payments": "1.5"]),
        ] as [([String], [String], [String: String])],
        Engine.allCases
    )
    func classifications(row: ([String], [String], [String: String]), engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let (amounts, expected, held) = row
        let opened = try await desk.openInvoice()
        var found: [String] = []
        for (number, text) in amounts.enumerated() {
            let transfer = desk.transfer(try desk.amount(text), for: opened.options[0].id, number: number)
            guard case .payment(_, let classification) = try await desk.receive(transfer) else { continue }
            found.append(classification.rawValue)
        }
        #expect(found == expected)
        for (code, amount) in held { #expect(try await desk.held(code) == amount, "\(code)") }
        #expect(try await desk.booksHold())
    }

    @Test(
        "keeps unmatched, late and wrong-asset payments, each on its own account",
        arguments: Engine.allCases
    )
    func exceptions(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let option = opened.options[0].id
        try await desk.receive(desk.transfer(try desk.amount("3"), for: nil, number: 1))
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: option, number: 2, late: .seconds(601)))
        let stars = Amount(asset: .stars, units: 5)
        try await desk.receive(desk.transfer(stars, for: option, number: 3))
        #expect(try await desk.held("suspense") == "3")
        #expect(try await desk.held("late_payments") == "1.5")
        let reasons = try await desk.settlement.database.read { session in
            try session.cases(of: nil, state: .open, in: Page(limit: 10)).map(\.reason)
        }
        #expect(Set(reasons) == [.unmatched, .late, .wrongAsset])
        #expect(try await desk.booksHold())
    }

    @Test(
        "of every payment its merchant is told once, and the operator of what is nobody's, whatever kind it is",
        arguments: Engine.allCases
    )
    func told(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        var options: [PaymentOptionID] = []
        for number in 1...3 {
            options.append(try await desk.openInvoice(id: InvoiceID(value: UInt128(number))).options[0].id)
        }
        let stars = Amount(asset: .stars, units: 5)
        let transfers = [
            desk.transfer(try desk.amount("1"), for: options[0], number: 1),
            desk.transfer(try desk.amount("0.5"), for: options[0], number: 2),
            desk.transfer(try desk.amount("1.5"), for: options[0], number: 3),
            desk.transfer(try desk.amount("2"), for: options[1], number: 4),
            desk.transfer(try desk.amount("1.5"), for: options[2], number: 5, late: .seconds(601)),
            desk.transfer(stars, for: options[2], number: 6),
            desk.transfer(try desk.amount("3"), for: nil, number: 7),
        ]
        var payments: [Payment.Classification: PaymentID] = [:]
        for transfer in transfers + transfers {
            if case .payment(let id, let found) = try await desk.receive(transfer) { payments[found] = id }
        }
        #expect(Set(payments.keys) == Set(Payment.Classification.allCases))
        func told(_ merchant: MerchantID) async throws -> [String] {
            try await desk.settlement.database.read { session in
                let events = try session.events(of: merchant, in: Page(limit: 100))
                return events.filter { $0.type == "payment.received" }.map(\.subject).sorted()
            }
        }
        let nobodys = payments.removeValue(forKey: .unmatched)
        #expect(try await told(desk.merchant) == payments.values.map(\.text).sorted())
        #expect(try await told(MerchantID(value: 0)) == [nobodys].compactMap { $0?.text })
    }

    @Test(
        "credits one observation once, however often and from however many sides it comes",
        arguments: Engine.allCases
    )
    func naturalKey(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let transfer = desk.transfer(try desk.amount("1.5"), for: opened.options[0].id)
        let payments = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    if case .payment = try? await desk.receive(transfer) { return true }
                    return false
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(payments == 1)
        #expect(try await desk.held("merchant_balance") == "1.485")
    }

    @Test("refunds a payment once, however many ask at the same time", arguments: Engine.allCases)
    func racingRefunds(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let request = RefundRequest(payment: payment, amount: nil, reason: nil)
                    let id = RefundID(value: UInt128(number + 1))
                    return (try? await desk.settlement.requestRefund(request, by: desk.merchant, id: id)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(accepted == 1)
        #expect(try await desk.held("refunds_payable") == "1.5")
        #expect(try await desk.booksHold())
    }

    @Test(
        "refuses refunds of a wrong amount, or by another merchant",
        arguments: [("0", SettlementError.Code.invalidRequest), ("-1", .invalidRequest), ("1.6", .amountTooLarge)],
        Engine.allCases
    )
    func refundAmounts(row: (text: String, code: SettlementError.Code), engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let payment = try await desk.settlement.database.read { try $0.payments(of: opened.invoice.id)[0].id }
        let request = RefundRequest(payment: payment, amount: try desk.amount(row.text), reason: nil)
        await #expect(throws: SettlementError(row.code, "")) {
            try await desk.settlement.requestRefund(request, by: desk.merchant, id: RefundID(value: 1))
        }
        await #expect(throws: SettlementError(.notFound, "")) {
            try await desk.settlement.requestRefund(request, by: MerchantID(value: 0), id: RefundID(value: 1))
        }
        #expect(try await desk.held("refunds_payable") == "0")
    }

    @Test("ends an invoice when its time is over, with a case for a part that was paid", arguments: Engine.allCases)
    func expiry(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1"), for: opened.options[0].id))
        #expect(try await desk.settlement.expireInvoices().isEmpty)
        desk.clock.advance(by: .seconds(601))
        #expect(try await desk.settlement.expireInvoices() == [opened.invoice.id])
        #expect(try await desk.settlement.expireInvoices().isEmpty)
        #expect(try await desk.held("underpayments") == "1")
        #expect(try await desk.held("customer_clearing") == "0")
        #expect(try await desk.booksHold())
    }

    @Test(
        "an invoice ends after the last moment in which a payment settles it, the rail's grace included, and never before",
        arguments: [Duration.zero, .seconds(150)],
        Engine.allCases
    )
    func lastMoment(grace: Duration, engine: Engine) async throws {
        let desk = try await Desk(on: engine, provider: { ScriptedProvider(asset: $0, graceAfterExpiry: grace) })
        let offsets: [Duration] = [
            .seconds(-150), .seconds(-2), .seconds(-1), .milliseconds(-1), .microseconds(-1), .zero, .microseconds(1),
            .milliseconds(1), .seconds(1), .seconds(150),
        ]
        for (number, offset) in offsets.enumerated() {
            let unpaid = try await desk.openInvoice(id: InvoiceID(value: UInt128(2 * number + 1)))
            let paid = try await desk.openInvoice(id: InvoiceID(value: UInt128(2 * number + 2)))
            desk.clock.advance(by: .seconds(600) + grace + offset)
            let transfer = desk.transfer(try desk.amount("1.5"), for: paid.options[0].id, number: number)
            guard case .payment(_, let classification) = try await desk.receive(transfer) else { throw Desk.Crash() }
            #expect(classification == (offset <= .zero ? .exact : .late), "\(offset)")
            let ended = try await desk.settlement.expireInvoices()
            #expect(ended.contains(unpaid.invoice.id) == (offset > .zero), "\(offset)")
            #expect(ended.contains(paid.invoice.id) == (offset > .zero), "\(offset)")
        }
        #expect(try await desk.booksHold())
    }

    @Test(
        "a payout is paid once when the process dies at any step",
        arguments: [
            FaultPoint.afterSigning, .afterStoringTransfer, .afterSubmitting, .beforeStoringFate,
        ],
        Engine.allCases
    )
    func crashes(point: FaultPoint, engine: Engine) async throws {
        let hasCrashed = Mutex(false)
        let faults = FaultInjector { reached in
            let isFirst = hasCrashed.withLock { crashed in
                guard reached == point, !crashed else { return false }
                crashed = true
                return true
            }
            if isFirst { throw Desk.Crash() }
        }
        var desk = try await Desk(on: engine, faults: faults)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        desk.provider.script.withLock { $0.fate = .confirmed(evidence: "e", fee: nil, at: Timestamp(seconds: 1)) }
        for _ in 0..<3 {
            do { try await desk.settlement.advance(payout.purpose.id) } catch is Desk.Crash { try await desk.restart() }
        }
        let stored = try await desk.settlement.database.read { try $0.outgoing(payout.purpose.id) }
        #expect(stored?.status.state == .completed)
        #expect(hasCrashed.withLock { $0 })
        #expect(try await desk.held("payouts_payable") == "0")
        #expect(try await desk.held("merchant_balance") == "0.485")
        #expect(try await desk.booksHold())
        // Signed again only when no signature was stored, and so none was submitted.
        let (prepared, submitted) = desk.provider.script.withLock { ($0.prepared, $0.submitted) }
        #expect(prepared == (point == .afterSigning ? 2 : 1))
        #expect(submitted <= 1)
    }

    @Test(
        "calls an uncertain outcome unknown, never failed, and keeps its money reserved",
        arguments: Engine.allCases
    )
    func unknown(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        desk.provider.script.withLock { $0.submission = .unknown(reason: "the reply was lost") }
        #expect(try await desk.settlement.advance(payout.purpose.id).status.state == .unknown)
        #expect(try await desk.held("payouts_payable") == "1")
        desk.provider.script.withLock { $0.fate = .dead(reason: "expired", fee: nil, at: Timestamp(seconds: 1)) }
        #expect(try await desk.settlement.advance(payout.purpose.id).status.state == .failed)
        #expect(try await desk.held("merchant_balance") == "1.485")
        #expect(desk.provider.script.withLock { $0.prepared } == 1)
        #expect(try await desk.booksHold())
    }

    @Test(
        "raises an alarm for a transfer once its fate is overdue",
        arguments: Engine.allCases,
        [true, false]
    )
    func overdue(engine: Engine, hasEnd: Bool) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        try await desk.receive(desk.transfer(try desk.amount("1.5"), for: opened.options[0].id))
        let request = PayoutRequest(amount: try desk.amount("1"), destination: "d", comment: nil, needsApproval: false)
        let payout = try await desk.settlement.requestPayout(request, by: desk.merchant, id: PayoutID(value: 1))
        let end = desk.clock.now().advanced(by: .seconds(300))
        desk.provider.script.withLock { $0.validUntil = hasEnd ? end : nil }
        try await desk.settlement.advance(payout.purpose.id)
        func told() async throws -> [String] {
            let now = desk.clock.now()
            return try await desk.settlement.database.read { session in
                try OverdueTransfers.list(in: session, at: now).map(\.purpose.id)
            }
        }
        desk.clock.advance(by: hasEnd ? .seconds(600) : OverdueTransfers.withoutEnd)
        #expect(try await told().isEmpty)
        desk.clock.advance(by: .seconds(1))
        #expect(try await told() == [payout.purpose.id])
        desk.provider.script.withLock { $0.fate = .confirmed(evidence: "e", fee: nil, at: Timestamp(seconds: 1)) }
        try await desk.settlement.advance(payout.purpose.id)
        #expect(try await told().isEmpty)
    }

    @Test("returns the same invoice when it is opened again with the same identifier", arguments: Engine.allCases)
    func reopening(engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let first = try await desk.openInvoice()
        let second = try await desk.openInvoice()
        #expect(first == second)
    }

    @Test(
        "approves a pre-checkout only for the amount due, while the invoice is open",
        arguments: [("1.5", true), ("1.499999999", false), ("1.6", false), ("0", false)],
        Engine.allCases
    )
    func preCheckout(row: (text: String, isApproved: Bool), engine: Engine) async throws {
        let desk = try await Desk(on: engine)
        let opened = try await desk.openInvoice()
        let (text, isApproved) = row
        func question(_ payer: String, _ amount: Amount) -> ApprovalRequest {
            ApprovalRequest(
                id: "q",
                reference: ScriptedProvider.reference(opened.options[0].id),
                payer: payer,
                topic: .payment(amount: amount)
            )
        }
        let decision = await desk.settlement.decide(question("1", try desk.amount(text)), of: desk.provider)
        #expect((decision == .approved) == isApproved)
        guard isApproved else { return }
        desk.clock.advance(by: .seconds(601))
        #expect(await desk.settlement.decide(question("1", try desk.amount(text)), of: desk.provider) != .approved)
    }

    @Test("refuses an order with more than 32 rails, and stores nothing of it")
    func tooManyRails() async throws {
        let desk = try await Desk()
        for (count, isTaken) in [(32, true), (33, false), (20_000, false)] {
            let request = InvoiceRequest(
                title: "Tea",
                summary: "Tea",
                goods: .physical,
                price: try desk.amount("1.5"),
                choices: Array(repeating: .init(rail: .ton, asset: desk.coin.id), count: count),
                lifetime: .seconds(600)
            )
            let opened = try? await desk.settlement.openInvoice(
                request,
                for: desk.merchant,
                id: InvoiceID(value: UInt128(count))
            )
            #expect((opened != nil) == isTaken, "\(count) rails")
        }
        let stored = try await desk.settlement.database.read { session in
            try session.query("SELECT id FROM invoices", []).count
        }
        #expect(stored == 1)
    }

    @Test("records a payment dated years ahead as of now, so that no moment in the database is later")
    func datedAhead() async throws {
        let desk = try await Desk()
        let option = try await desk.openInvoice().options[0].id
        let now = desk.clock.now()
        let transfer = desk.transfer(try desk.amount("1.5"), for: option, late: .seconds(12 * 365 * 86_400))
        try await desk.receive(transfer)
        let (payment, newest) = try await desk.settlement.database.read { session in
            (
                try session.payment(naturalKey: transfer.naturalKey, at: desk.provider.key), try session.newestMoment()
            )
        }
        #expect(payment?.occurredAt == now && payment?.classification == .exact)
        #expect(newest == now)
        #expect(try await desk.booksHold())
    }
}
