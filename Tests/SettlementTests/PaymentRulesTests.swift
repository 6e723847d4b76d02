import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Storage
import Testing

@testable import Settlement

/// The decision about a payment, without a database.
@Suite("The decision about a payment")
struct PaymentRulesTests {
    private static let now = Timestamp(seconds: 1_000_000)
    private static let merchant = MerchantID(value: 7)
    private static let (coin, stars) = (AssetID.coin, AssetID.stars)

    private static func amount(_ units: Int, _ asset: AssetID = coin) -> Amount {
        Amount(asset: asset, units: Int256(units))
    }

    private static func rules(asksBeforeTaking: Bool = false) -> PaymentRules {
        PaymentRules(
            provider: "ton-main",
            rail: .ton,
            terms: { _ in .none },
            hasAccountsOfOptions: false,
            asksBeforeTaking: asksBeforeTaking,
            graceAfterExpiry: .seconds(60)
        )
    }

    /// An invoice with earlier parts, and a payment for it.
    private struct Situation {
        var price = 1_000
        var state = InvoiceStateMachine.State.new
        /// The values of the earlier parts.
        var parts: [Int] = []
        var paid = 1_000
        var asset = coin
        /// How many seconds after the invoice's end it was paid.
        var delay = -10
        var payer: String?
        var owner: Int64?
        var isGone = false
        var asksBeforeTaking = false
        var feeBasisPoints = 100

        var received: Int { parts.reduce(0, +) }

        private var invoice: Invoice {
            Invoice(
                id: InvoiceID(value: 1),
                merchant: merchant,
                reference: nil,
                title: "Tea",
                summary: "Tea",
                goods: .digital,
                price: amount(price),
                payer: owner,
                metadata: Labels(),
                subscription: nil,
                paidMedia: nil,
                createdAt: now.advanced(by: .seconds(-1_000)),
                expiresAt: now.advanced(by: .seconds(-delay)),
                monitoredUntil: now.advanced(by: .seconds(10_000)),
                status: InvoiceStateMachine(
                    state: state,
                    price: amount(price),
                    threshold: amount(price),
                    received: amount(received)
                )
            )
        }

        var option: PaymentOption {
            PaymentOption(
                id: PaymentOptionID(value: 2),
                invoice: InvoiceID(value: 1),
                rail: .ton,
                provider: "ton-main",
                due: amount(price),
                price: amount(price),
                quote: nil,
                instruction: .deposit(address: "a", comment: "c", link: "l"),
                reference: PaymentReference(scope: "s", value: "v")
            )
        }

        var snapshot: PaymentSnapshot {
            let record = MerchantRecord(id: merchant, name: "m", feeBasisPoints: feeBasisPoints, createdAt: now)
            var snapshot = PaymentSnapshot(OptionMatch(option, of: invoice, by: record), option: option, terms: .none)
            snapshot.isGone = isGone
            snapshot.parts = parts.enumerated().map { BookedPayment(payment: part($0, of: $1)) }
            return snapshot
        }

        private func part(_ number: Int, of value: Int) -> Payment {
            Payment(
                id: PaymentID(value: UInt128(100 + number)),
                invoice: InvoiceID(value: 1),
                option: option.id,
                merchant: merchant,
                rail: .ton,
                provider: "ton-main",
                naturalKey: NaturalKey("part", "\(number)"),
                // A part whose value is nothing was made in another asset.
                amount: value == 0 ? amount(1, stars) : amount(value),
                value: amount(value),
                quote: nil,
                classification: .partial,
                payer: nil,
                refundTarget: nil,
                evidence: "",
                state: .final,
                occurredAt: now,
                recordedAt: now,
                availableAt: now
            )
        }

        var arrival: Arrival {
            Arrival(
                id: PaymentID(value: 9),
                transfer: IncomingTransfer(
                    naturalKey: NaturalKey("transfer", "1"),
                    reference: option.reference,
                    amount: amount(paid, asset),
                    payer: payer,
                    refundTarget: nil,
                    evidence: "",
                    occurredAt: now,
                    availableAt: now
                ),
                source: .providerReceivable("ton-main"),
                stored: nil,
                madeAt: now
            )
        }

        func decide() throws -> Decision<RecordedObservation> {
            // The same identifiers each time, so that equal decisions look equal.
            let identifiers = IdentifierSource(clock: ManualClock(now), random: SeededRandom(seed: 1))
            let books = [merchant: LedgerBook(number: 1)]
            var draft = Draft(LedgerPlanner(identifiers: identifiers, rail: { _ in .ton }, now: now, books: books))
            let rules = rules(asksBeforeTaking: asksBeforeTaking)
            let recorded = try rules.receive(arrival, for: .invoice(snapshot), in: &draft)
            return draft.decided(recorded)
        }
    }

    /// A decision in a few words.
    private static func words(_ decision: Decision<RecordedObservation>) -> String {
        var words: [String] = []
        if case .payment(_, let classification) = decision.result { words.append(classification.rawValue) }
        for change in decision.changes {
            switch change {
            case .order(.invoice(let updated, _)): words.append("now \(updated.status.state)")
            case .exception(.opened(let opened)): words.append("case \(opened.reason.rawValue)")
            // Money of a payment to another book leaves the operator's book first.
            case .ledger(let booked) where booked.kind == .handedOver: break
            case .ledger(let booked):
                if let part = part(of: booked) { words.append("part \(part.value - 100)") }
                guard part(of: booked) == nil else { continue }
                words += booked.postings
                    .filter { $0.amount.units.isNegative && $0.account.code.rawValue != "provider_receivable" }
                    .map { "\($0.account.code.rawValue) \($0.amount.units)" }
            default: break
            }
        }
        return words.joined(separator: ", ")
    }

    /// The earlier part that a ledger transaction is about; nil when it is about the payment.
    private static func part(of booked: LedgerTransaction) -> PaymentID? {
        guard let id = try? PaymentID(booked.subject.key), id.value >= 100 else { return nil }
        return id
    }

    private static let table: [(name: String, situation: Situation, words: String)] = [
        ("paid exactly", Situation(), "exact, now settled, merchant_balance -990, fee_income -10"),
        (
            "overpaid", Situation(paid: 1_200),
            "over, now settled, merchant_balance -990, fee_income -10, overpayments -200, case overpaid"
        ),
        ("a part", Situation(paid: 400), "partial, now processing, customer_clearing -400"),
        (
            "the last part", Situation(state: .processing, parts: [400], paid: 600),
            "exact, now settled, merchant_balance -594, fee_income -6, part 0"
        ),
        (
            "paid in full after a part in another asset that was worth nothing",
            Situation(state: .processing, parts: [0]),
            "exact, now settled, merchant_balance -990, fee_income -10, part 0"
        ),
        ("late", Situation(delay: 61), "late, now new, late_payments -1000, case late"),
        ("within the grace", Situation(delay: 60), "exact, now settled, merchant_balance -990, fee_income -10"),
        (
            "a duplicate", Situation(state: .settled, parts: [1_000]),
            "repeated, now settled, repeated_payments -1000, case repeated"
        ),
        ("sold to others", Situation(isGone: true), "late, now new, late_payments -1000, case late"),
        ("another asset", Situation(asset: stars), "wrong_asset, wrong_asset -1000, case wrong_asset"),
        (
            "another customer", Situation(payer: "5", owner: 6, asksBeforeTaking: true),
            "unmatched, suspense -1000, case unmatched"
        ),
    ]

    @Test("says account, state and case of each kind of payment", arguments: table.indices)
    func kinds(row: Int) throws {
        let (name, situation, words) = Self.table[row]
        #expect(Self.words(try situation.decide()) == words, "\(name)")
    }

    @Test("books every unit once, balanced, and tells of it once, whatever comes", arguments: 0..<4)
    func everyUnit(run: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let situation = Self.situation(by: &random)
            let decision = try situation.decide()
            let what: Comment = "seed \(seed), \(String(describing: situation))"
            try Self.check(decision, of: situation, what)
            let again = try situation.decide()
            #expect(String(describing: again) == String(describing: decision), what)
        }
    }

    private static func situation(by random: inout SeededRandom) -> Situation {
        let price = Int.random(in: 1...Int.random(in: 1...1_000_000, using: &random), using: &random)
        let state = InvoiceStateMachine.State.allCases.randomElement(using: &random) ?? .new
        var parts: [Int] = []
        if state == .processing, price > 1 {
            parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                Int.random(in: 0...(price - 1) / 3, using: &random)
            }
        } else if state == .settled {
            parts = [price]
        }
        return Situation(
            price: price,
            state: state,
            parts: parts,
            paid: Int.random(in: 1...2 * price, using: &random),
            asset: Int.random(in: 0..<8, using: &random) == 0 ? stars : coin,
            delay: Int.random(in: -100...100, using: &random),
            payer: [nil, "5", "6"].randomElement(using: &random) ?? nil,
            owner: [nil, 5].randomElement(using: &random) ?? nil,
            isGone: Int.random(in: 0..<8, using: &random) == 0,
            asksBeforeTaking: Bool.random(using: &random),
            feeBasisPoints: Int.random(in: 0...10_000, using: &random)
        )
    }

    private static func check(
        _ decision: Decision<RecordedObservation>,
        of situation: Situation,
        _ what: Comment
    ) throws {
        var (payments, told, cases): ([Payment], [PaymentID], [ExceptionCase]) = ([], [], [])
        var (own, moved): ([LedgerTransaction], [PaymentID: LedgerTransaction]) = ([], [:])
        var invoice: Invoice?
        for change in decision.changes {
            switch change {
            case .payment(.stored(let payment, _, _)): payments.append(payment)
            case .told(.payment(let payment)): told.append(payment.id)
            case .exception(.opened(let opened)): cases.append(opened)
            case .ledger(let booked):
                if let part = part(of: booked) { moved[part] = booked } else { own.append(booked) }
            case .order(.invoice(let updated, _)): invoice = updated
            default: break
            }
        }
        // One payment, stored and told once, whose whole amount leaves its source once.
        #expect(payments.map(\.id) == [situation.arrival.id] && told == payments.map(\.id), what)
        let source = own.filter { $0.kind != .handedOver }.flatMap(\.postings)
            .filter { $0.account == situation.arrival.source && $0.amount == situation.arrival.transfer.amount }
        #expect(source.count == 1, what)
        // A settled invoice takes every part out of clearing, and nothing else does.
        let isSettledNow = invoice?.status.state == .settled && situation.state != .settled
        #expect(Set(moved.keys) == Set(isSettledNow ? situation.snapshot.parts.map(\.payment.id) : []), what)
        let isInTime = situation.delay <= 60 && !situation.isGone
        let isOthers = situation.asksBeforeTaking && situation.owner != nil && situation.payer.map { $0 != "5" } == true
        let belongs = situation.asset == coin && !isOthers
        let isOpen = situation.state.isPayable || situation.state == .expired
        let covers = situation.received + situation.paid >= situation.price
        #expect(isSettledNow == (belongs && isInTime && isOpen && covers), what)
        // A part waits without a case; whatever else is not exact has one.
        guard case .payment(_, let classification) = decision.result else { throw SettlementError(.invalidState, "") }
        #expect(cases.isEmpty == [.exact, .partial].contains(classification), what)
    }
}
