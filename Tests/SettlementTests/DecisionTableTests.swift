import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Testing

@testable import Settlement

/// The decisions about what was recorded before, a table each, without a database.
@Suite("Decisions")
struct DecisionTableTests {
    private static let soon = Timestamp(seconds: 1_000_600)

    /// A world with an invoice of 1000.
    private static func opened() -> (RulesWorld, InvoiceID) {
        var world = RulesWorld()
        let invoice = world.open(price: 1_000, until: soon)
        return (world, invoice)
    }

    private static func amount(_ units: Int) -> Amount { RulesWorld.amount(units) }

    // MARK: - What a rail takes back

    @Test("a payment that a rail takes back is reversed, and its invoice waits again")
    func undone() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: invoice)
        try world.undo(payment)
        #expect(
            world.lastWords == [
                "payment_orphaned: provider_receivable -1000, merchant_balance 990, fee_income 10",
                "payment orphaned exact", "tell orphaned", "open orphaned", "invoice new", "tell invoice.reopened",
            ]
        )
    }

    @Test("a waiting refund of a payment that a rail takes back is called off, and one that has left is a loss")
    func undoneWithRefunds() throws {
        for isSent in [false, true] {
            var (world, invoice) = Self.opened()
            let payment = try world.pay(Self.amount(1_000), for: invoice)
            let refund = try world.refund(Self.amount(1_000), of: payment)
            if isSent { try world.sign(refund.purpose) }
            try world.undo(payment)
            let kind = isSent ? "refund_moved" : "transfer_released"
            let released = "\(kind): fee_income -10, merchant_balance -990, refunds_payable 1000"
            let calledOff = ["transfer cancelled", released, "tell failed"]
            let orphaned = [
                "payment_orphaned: provider_receivable -1000, merchant_balance 990, fee_income 10",
                "payment orphaned exact",
            ]
            let lost = ["refund_reserved: provider_losses 1000, refunds_payable -1000", "reserved"]
            let rest = ["tell orphaned", "open orphaned", "invoice new", "tell invoice.reopened"]
            #expect(world.lastWords == (isSent ? [released] + orphaned + lost : calledOff + orphaned) + rest)
        }
    }

    @Test("an invoice that loses one of two payments counts the duplicate, and is settled in the same decision")
    func undoneWithDuplicate() throws {
        var (world, invoice) = Self.opened()
        let first = try world.pay(Self.amount(1_000), for: invoice)
        try world.pay(Self.amount(1_000), for: invoice)
        try world.undo(first)
        #expect(
            world.lastWords == [
                "payment_orphaned: provider_receivable -1000, merchant_balance 990, fee_income 10",
                "payment orphaned exact", "tell orphaned", "open orphaned", "invoice new", "tell invoice.reopened",
                "close repeated superseded", "settlement_undone: provider_receivable -1000, repeated_payments 1000",
                "invoice settled", "payment exact",
                "invoice_settled: provider_receivable 1000, merchant_balance -990, fee_income -10", "tell payment",
                "close orphaned superseded", "tell now settled",
            ]
        )
    }

    @Test("a part that is left of a settled invoice returns to clearing with its refund, and waits for the rest")
    func undoneWithPart() throws {
        var (world, invoice) = Self.opened()
        let part = try world.pay(Self.amount(400), for: invoice)
        let rest = try world.pay(Self.amount(600), for: invoice)
        let refund = try world.refund(Self.amount(100), of: part)
        try world.sign(refund.purpose)
        try world.undo(rest)
        #expect(
            world.lastWords == [
                "payment_orphaned: provider_receivable -600, merchant_balance 594, fee_income 6",
                "payment orphaned exact", "tell orphaned", "open orphaned", "invoice processing",
                "refund_moved: fee_income -1, merchant_balance -99, refunds_payable 100",
                "settlement_undone: customer_clearing -400, merchant_balance 396, fee_income 4",
                "settlement_undone: provider_receivable -400, customer_clearing 400",
                "payment_held: provider_receivable 400, customer_clearing -400", "payment final partial",
                "refund_reserved: customer_clearing 100, refunds_payable -100", "reserved", "tell invoice.reopened",
            ]
        )
    }

    @Test("a payment that is there again counts again, and bears its refund again")
    func broughtBack() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: invoice)
        let refund = try world.refund(Self.amount(100), of: payment)
        try world.sign(refund.purpose)
        try world.undo(payment)
        try world.bringBack(payment)
        #expect(
            world.lastWords == [
                "close orphaned superseded", "refund_moved: provider_losses -100, refunds_payable 100",
                "invoice settled", "payment exact",
                "invoice_settled: provider_receivable 1000, merchant_balance -990, fee_income -10", "tell payment",
                "tell now settled", "refund_reserved: fee_income 1, merchant_balance 99, refunds_payable -100",
                "reserved",
            ]
        )
    }

    // MARK: - The end of an invoice

    @Test("an invoice without a payment expires; a part of its price waits for a person")
    func expired() throws {
        var (world, invoice) = Self.opened()
        try world.expire(invoice)
        #expect(world.lastWords == ["invoice expired", "tell invoice.expired"])
        (world, invoice) = Self.opened()
        try world.pay(Self.amount(400), for: invoice)
        try world.expire(invoice)
        #expect(
            world.lastWords == [
                "invoice expired", "underpaid: customer_clearing 400, underpayments -400", "open underpaid",
                "tell invoice.expired",
            ]
        )
    }

    // MARK: - Cases

    @Test("a merchant who accepts a part accepts all parts, and the invoice is settled")
    func accepted() throws {
        var (world, invoice) = Self.opened()
        for units in [400, 200] { try world.pay(Self.amount(units), for: invoice) }
        try world.expire(invoice)
        let known = try #require(world.cases.first)
        try world.accept(known, settling: nil)
        #expect(
            world.lastWords == [
                "case_accepted: underpayments 400, merchant_balance -396, fee_income -4", "close underpaid accepted",
                "case_accepted: underpayments 200, merchant_balance -198, fee_income -2", "close underpaid accepted",
                "invoice settled", "tell invoice.settled",
            ]
        )
    }

    @Test("a surplus that is accepted is the merchant's; money that waits cannot be dismissed")
    func surplus() throws {
        var (world, invoice) = Self.opened()
        try world.pay(Self.amount(1_200), for: invoice)
        let known = try #require(world.cases.first)
        #expect(throws: SettlementError(.invalidState, "")) { try world.dismiss(known) }
        try world.accept(known, settling: nil)
        #expect(
            world.lastWords == [
                "case_accepted: overpayments 200, merchant_balance -198, fee_income -2", "close overpaid accepted",
            ]
        )
        #expect(throws: SettlementError(.invalidState, "")) { try world.accept(known, settling: nil) }
    }

    @Test("an unmatched payment leaves the operator's book when it is assigned")
    func assigned() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: nil)
        try world.assign(payment, to: invoice)
        #expect(
            world.lastWords == [
                "close unmatched assigned", "invoice settled", "payment exact",
                "handed_over: suspense 1000, provider_receivable -1000",
                "invoice_settled: provider_receivable 1000, merchant_balance -990, fee_income -10", "tell payment",
                "tell now settled",
            ]
        )
        // Both ledger transactions go back when the rail takes the payment back, and the first one too.
        try world.undo(payment)
        #expect(world.lastWords.count { $0.hasPrefix("payment_orphaned") } == 3)
    }

    // MARK: - Refunds

    @Test(
        "a refund is refused before anything is set aside, with the reason",
        arguments: [
            (0, SettlementError.Code.invalidRequest), (1_001, .amountTooLarge), (1_000, nil),
        ] as [(Int, SettlementError.Code?)]
    )
    func refundable(units: Int, code: SettlementError.Code?) throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: invoice)
        if let code {
            #expect(throws: SettlementError(code, "")) { try world.refund(Self.amount(units), of: payment) }
        } else {
            try world.refund(Self.amount(units), of: payment)
            #expect(
                world.lastWords == [
                    "transfer awaiting_payment",
                    "refund_reserved: fee_income 10, merchant_balance 990, refunds_payable -1000", "reserved",
                    "tell created",
                ]
            )
            // Nothing is left.
            #expect(throws: SettlementError(.invalidState, "")) { try world.refund(nil, of: payment) }
        }
    }

    @Test("a refund of what waits closes its case, and one of a part of it leaves the rest in the case")
    func refundOfWaiting() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_200), for: invoice)
        try world.refund(Self.amount(50), of: payment)
        #expect(world.lastWords.suffix(2) == ["tell created", "case of 150"])
        try world.refund(Self.amount(150), of: payment)
        #expect(world.lastWords.suffix(2) == ["tell created", "close overpaid refunded"])
    }

    @Test("money that the merchant has paid out is not there for a refund")
    func refundOfPaidOut() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: invoice)
        try world.payOut(Self.amount(500))
        #expect(
            world.lastWords == [
                "transfer awaiting_payment", "payout_reserved: merchant_balance 500, payouts_payable -500", "reserved",
                "tell created",
            ]
        )
        #expect(throws: SettlementError(.insufficientFunds, "")) { try world.refund(nil, of: payment) }
    }

    @Test("a rail's return confirms our refund that is under way, and is otherwise a refund of its own")
    func returned() throws {
        var (world, invoice) = Self.opened()
        let payment = try world.pay(Self.amount(1_000), for: invoice)
        let refund = try world.refund(nil, of: payment)
        try world.sign(refund.purpose)
        try world.railReturns(payment)
        let sent = "transfer_sent: refunds_payable 1000, provider_receivable -1000"
        #expect(world.lastWords == ["transfer completed", sent, "tell completed"])
        // The rail's word about a return that is known changes nothing.
        try world.railReturns(payment)
        #expect(world.lastWords.isEmpty)
        (world, invoice) = Self.opened()
        let other = try world.pay(Self.amount(1_000), for: invoice)
        try world.refund(nil, of: other)
        try world.railReturns(other)
        let source = "fee_income 10, merchant_balance 990"
        #expect(
            world.lastWords == [
                "transfer cancelled", "transfer_released: fee_income -10, merchant_balance -990, refunds_payable 1000",
                "tell failed", "transfer completed", "refund_reserved: \(source), refunds_payable -1000", "reserved",
                sent, "tell completed",
            ]
        )
    }

    // MARK: - The fate of transfers

    private static let ends: [(name: String, end: TransferEnd, words: [String])] = [
        (
            "it has arrived", TransferEnd(event: .confirmed, fee: amount(3)),
            [
                "transfer completed",
                "transfer_sent: payouts_payable 500, provider_receivable -500, network_fees 3, provider_receivable -3",
                "tell completed",
            ]
        ),
        (
            "it can never arrive", TransferEnd(event: .provenDead, failure: "expired"),
            [
                "transfer failed", "transfer_released: merchant_balance -500, payouts_payable 500", "tell failed",
            ]
        ),
        (
            "it has failed and has cost a fee", TransferEnd(event: .provenDead, fee: amount(3)),
            [
                "transfer failed", "transfer_released: merchant_balance -500, payouts_payable 500",
                "network_fee: network_fees 3, provider_receivable -3", "tell failed",
            ]
        ),
        (
            "it has left, and nobody has received it",
            TransferEnd(event: .confirmed, failure: "kept", undelivered: .init(amount: "5 of it")),
            [
                "transfer completed", "transfer_sent: payouts_payable 500, provider_receivable -500", "tell completed",
                "open undelivered",
            ]
        ),
    ]

    @Test("a transfer ends with its money gone or given back, and follows its rail back", arguments: ends.indices)
    func fates(row: Int) throws {
        let (name, end, words) = Self.ends[row]
        var (world, invoice) = Self.opened()
        try world.pay(Self.amount(1_000), for: invoice)
        let payout = try world.payOut(Self.amount(500))
        try world.sign(payout.purpose)
        try world.end(payout.purpose, as: end)
        #expect(world.lastWords == words, "\(name)")
        // When the history is gone, so is the end: the money is set aside, and the transfer is unknown.
        try world.reopen(payout.purpose)
        let booked = world.transfer(payout.purpose)?.booked ?? []
        #expect(booked.standing.map(\.kind) == [.payoutReserved], "\(name)")
        #expect(world.lastWords.suffix(2) == ["transfer unknown", "tell unknown"], "\(name)")
        #expect(try world.balance(RulesWorld.coin) == Self.amount(490), "\(name)")
    }

    @Test("each event has one meaning in each state of a transfer, or is refused and changes nothing")
    func everyEvent() throws {
        for event in PayoutStateMachine.Event.allCases {
            for state in PayoutStateMachine.State.allCases {
                var (world, invoice) = Self.opened()
                try world.pay(Self.amount(1_000), for: invoice)
                let payout = try world.payOut(Self.amount(500))
                let read = try #require(world.transfer(payout.purpose))
                try world.decide { draft in
                    var moved = payout
                    moved.status = PayoutStateMachine(state: state)
                    draft.include(read)
                    draft.update(moved, from: payout, nextAttemptAt: draft.now)
                }
                var expected = PayoutStateMachine(state: state)
                let action = try? expected.apply(event)
                let before = world.changes.count
                let ended: Void? = try? world.end(payout.purpose, as: TransferEnd(event: event))
                #expect((ended == nil) == (action == nil), "\(event) in \(state)")
                let kinds = world.changes[before...].compactMap { change in
                    if case .ledger(let booked) = change { booked.kind } else { nil }
                }
                let wanted: [LedgerTransaction.Kind] =
                    switch action {
                    case .postCompleted: [.transferSent]
                    case .releaseFunds: [.transferReleased]
                    default: []
                    }
                #expect(kinds == wanted, "\(event) in \(state)")
            }
        }
    }

    // MARK: - Movements

    private static func movement(_ kind: AccountMovement.Kind, _ units: Int) -> AccountMovement {
        AccountMovement(
            naturalKey: NaturalKey("movement", "1"),
            kind: kind,
            amount: amount(units),
            reason: "it moved",
            occurredAt: soon
        )
    }

    private static let movements: [(kind: AccountMovement.Kind, words: [String])] = [
        (.networkFee, ["movement: provider_receivable -5, network_fees 5"]),
        (.ownFunds, ["movement: provider_receivable -5, own_funds 5"]),
        (.coldStorage, ["movement: provider_receivable -5, cold_storage 5"]),
        (.takenBack, ["movement: provider_receivable -5, provider_losses 5", "open unmatched"]),
        (.unexplained, ["movement: provider_receivable -5, suspense 5", "open unmatched"]),
    ]

    @Test("a movement is booked by its kind, and nothing is booked for none", arguments: movements.indices)
    func bookedByKind(row: Int) throws {
        let (kind, words) = Self.movements[row]
        #expect(Self.movements.count == AccountMovement.Kind.allCases.count)
        let rules = MovementRules(provider: RulesWorld.provider)
        var world = RulesWorld()
        let moved = Self.movement(kind, -5)
        let booked = try world.decide { try rules.book(moved, for: [], naming: nil, in: &$0) }
        #expect(booked == .booked)
        #expect(world.lastWords == words)
        let nothing = Self.movement(kind, 0)
        let ignored = try world.decide { try rules.book(nothing, for: [], naming: nil, in: &$0) }
        #expect(ignored == .ignored)
        #expect(world.lastWords.isEmpty)
    }
}
