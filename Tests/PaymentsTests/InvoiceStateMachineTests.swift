import Money
import Payments
import Seams
import Testing

@Suite("An invoice")
struct InvoiceStateMachineTests {
    typealias State = InvoiceStateMachine.State
    typealias Event = InvoiceStateMachine.Event
    typealias Action = InvoiceStateMachine.Action

    static func stars(_ units: Int64) -> Amount { Amount(asset: .stars, units: Int256(units)) }

    static func machine(_ state: State, received: Int64 = 0) -> InvoiceStateMachine {
        InvoiceStateMachine(state: state, price: stars(100), threshold: stars(95), received: stars(received))
    }

    /// All transitions; every other one is refused.
    static let transitions: [(from: State, received: Int64, on: Event, to: State, doing: Action)] = [
        (.new, 0, .received(value: stars(100), isInTime: true), .settled, .settle(excess: stars(0))),
        (.new, 0, .received(value: stars(95), isInTime: true), .settled, .settle(excess: stars(0))),
        (.new, 0, .received(value: stars(130), isInTime: true), .settled, .settle(excess: stars(30))),
        (.new, 0, .received(value: stars(94), isInTime: true), .processing, .hold),
        (.new, 0, .received(value: stars(100), isInTime: false), .new, .openLate),
        (.new, 0, .expired, .expired, .announceExpired),
        (.new, 0, .cancelled, .invalid, .announceCancelled),
        (.processing, 60, .received(value: stars(40), isInTime: true), .settled, .settle(excess: stars(0))),
        (.processing, 60, .received(value: stars(10), isInTime: true), .processing, .hold),
        (.processing, 60, .received(value: stars(40), isInTime: false), .processing, .openLate),
        (.processing, 60, .expired, .expired, .openUnderpaid),
        (.settled, 100, .received(value: stars(100), isInTime: true), .settled, .openRepeated),
        (.settled, 100, .received(value: stars(100), isInTime: false), .settled, .openRepeated),
        (.settled, 100, .expired, .settled, .none),
        (.expired, 0, .received(value: stars(100), isInTime: true), .settled, .settle(excess: stars(0))),
        (.expired, 0, .received(value: stars(94), isInTime: true), .expired, .openLate),
        (.expired, 60, .received(value: stars(100), isInTime: true), .expired, .openLate),
        (.expired, 0, .received(value: stars(100), isInTime: false), .expired, .openLate),
        (.expired, 0, .expired, .expired, .none),
        (.invalid, 0, .received(value: stars(100), isInTime: true), .invalid, .openLate),
        (.invalid, 0, .received(value: stars(100), isInTime: false), .invalid, .openLate),
        (.invalid, 0, .expired, .invalid, .none),
        (.invalid, 0, .cancelled, .invalid, .none),
    ]

    @Test("takes the transitions of the table", arguments: transitions)
    func follows(from: State, received: Int64, on event: Event, to state: State, doing action: Action) throws {
        var invoice = Self.machine(from, received: received)
        #expect(try invoice.apply(event) == action)
        #expect(invoice.state == state)
    }

    @Test(
        "cannot be cancelled once money was seen or its time is over",
        arguments: [State.processing, .settled, .expired]
    )
    func refuses(state: State) {
        var invoice = Self.machine(state, received: 50)
        let before = invoice
        #expect(throws: PaymentsError.self) { try invoice.apply(.cancelled) }
        #expect(invoice == before)
    }

    @Test("once settled, never settles again", arguments: [true, false])
    func settlesOnce(isInTime: Bool) throws {
        var invoice = Self.machine(.settled, received: 100)
        for _ in 0..<3 {
            #expect(try invoice.apply(.received(value: Self.stars(100), isInTime: isInTime)) == .openRepeated)
        }
        #expect(invoice.state == .settled && invoice.exception == .paidOver)
    }

    @Test("stands where the payments that are left put it, whatever is taken back and in whatever order")
    func takenBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            var invoice = Self.machine(.new)
            var counted: [Int64] = []
            for _ in 0..<20 {
                if !counted.isEmpty, Bool.random(using: &random) {
                    let value = counted.remove(at: Int.random(in: counted.indices, using: &random))
                    _ = try invoice.apply(.undone(value: Self.stars(value)))
                } else {
                    let value = Int64.random(in: 1...120, using: &random)
                    let wasSettled = invoice.state == .settled
                    let action = try invoice.apply(.received(value: Self.stars(value), isInTime: true))
                    #expect((action == .openRepeated) == wasSettled, "seed \(seed)")
                    if !wasSettled { counted.append(value) }
                }
                let sum = counted.reduce(0, +)
                #expect(invoice.received == Self.stars(sum), "seed \(seed), \(counted)")
                #expect(try invoice.remaining == Self.stars(max(0, 100 - sum)), "seed \(seed), \(counted)")
                let state: State = sum == 0 ? .new : sum < 95 ? .processing : .settled
                #expect(invoice.state == state, "seed \(seed), \(counted)")
            }
        }
    }
}

@Suite("The rail policy")
struct RailPolicyTests {
    static let policy = RailPolicy(rules: [
        .init(name: "digital", goods: [.digital], place: .telegram, rails: [.telegramStars], reason: "Stars only"),
        .init(
            name: "physical",
            goods: [.physical, .service],
            place: .telegram,
            rails: [.telegramFiat, .ton],
            reason: "no Stars"
        ),
        .init(
            name: "web",
            goods: [.digital, .physical, .service],
            place: .web,
            rails: [.ton, .evm],
            reason: "outside"
        ),
    ])

    @Test(
        "allows what a rule allows, and names the rule that refuses",
        arguments: Invoice.Goods.allCases,
        Rail.allCases
    )
    func decides(goods: Invoice.Goods, rail: Rail) {
        for place in RailPolicy.Place.allCases {
            let allowed = Self.policy.rails(for: goods, in: place).contains(rail)
            do {
                try Self.policy.check(rail, for: goods, in: place)
                #expect(allowed)
            } catch {
                guard case .refusedByPolicy(let rule, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!allowed)
                #expect(["digital", "physical", "web"].contains(rule))
            }
        }
    }

    @Test("refuses an order that no rule covers")
    func closed() {
        #expect(throws: PaymentsError.self) { try RailPolicy(rules: []).check(.ton, for: .physical, in: .web) }
    }
}
