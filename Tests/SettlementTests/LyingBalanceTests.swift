import BigInt
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

@Suite("Balances that nodes tell wrongly for a while, on each engine")
struct LyingBalanceTests {
    @Test(
        "settle an invoice until they are told rightly, and the merchant has nothing of it",
        arguments: Engine.allCases
    )
    func invented(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        try await address.look(telling: 1_500)
        #expect(try await address.payments() == [.init(.exact, .final, 1_500)])
        #expect(try await address.desk.held("merchant_balance") == "0.000001485")
        try await address.look(telling: 0)
        #expect(try await address.payments() == [.init(.exact, .orphaned, 1_500)])
        #expect(try await address.desk.held("merchant_balance") == "0")
        #expect(try await address.desk.held("suspense") == "0")
        #expect(try await address.cases() == [.orphaned])
        // It was no lie: the same payment pays again.
        try await address.look(telling: 1_500)
        #expect(try await address.payments() == [.init(.exact, .final, 1_500)])
        #expect(try await address.cases().isEmpty)
        // What was seen at that place before it was final has become this payment, and is not lost.
        #expect(try await address.isPaymentKnownByPlace())
        #expect(try await address.desk.booksHold())
    }

    @Test("cannot be kept with a coin of one's own beside what was invented", arguments: Engine.allCases)
    func mixed(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        address.real = 1
        try await address.look(telling: 1_501)
        #expect(try await address.payments() == [.init(.over, .final, 1_501)])
        try await address.look(telling: 1)
        #expect(try await address.payments() == [.init(.over, .orphaned, 1_501)])
        #expect(try await address.desk.held("merchant_balance") == "0")
        #expect(try await address.desk.held("suspense") == "0.000000001")
        #expect(try await address.desk.booksHold())
    }

    @Test("are seen several times at one place, and each is a change of its own", arguments: Engine.allCases)
    func onePlace(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        for told in [700, 1_500, 900, 0, 1_500, 2_000, 0] {
            try await address.look(telling: BigInt(told), atNewPlace: false)
            #expect(try await address.recorded() == BigInt(told), "\(told)")
            #expect(try await address.cases().count { $0 == .unmatched } <= 1)
        }
        #expect(try await address.payments().allSatisfy { $0.state == .orphaned })
        #expect(try await address.desk.held("suspense") == "0")
        #expect(try await address.desk.held("merchant_balance") == "0")
        #expect(try await address.desk.booksHold())
    }

    @Test("that are hidden are a fall, which has never been when they are shown", arguments: Engine.allCases)
    func hidden(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        address.offset = -1_500
        try await address.block(paying: 1_500)
        #expect(try await address.payments() == [.init(.exact, .final, 1_500)])
        #expect(try await address.cases() == [.unmatched])
        address.offset = 0
        // A part is shown first, and nothing of it is a payment.
        try await address.look(telling: 400)
        #expect(try await address.desk.held("suspense") == "-0.0000011")
        #expect(try await address.cases() == [.unmatched])
        try await address.look(telling: 1_500)
        #expect(try await address.payments() == [.init(.exact, .final, 1_500)])
        #expect(try await address.cases().isEmpty)
        #expect(try await address.desk.held("suspense") == "0")
        #expect(try await address.desk.booksHold())
    }

    @Test("take nothing back that was gathered, and owe no merchant a second time", arguments: Engine.allCases)
    func gathered(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        address.real = 1_500
        try await address.look(telling: 1_500)
        try await address.block(gathering: true)
        // Somebody pays again, with a trace, and that is hidden.
        address.offset = -1_500
        try await address.block(paying: 1_500)
        #expect(
            try await address.payments() == [.init(.exact, .final, 1_500), .init(.repeated, .final, 1_500)]
        )
        #expect(try await address.cases() == [.repeated, .unmatched])
        address.offset = 0
        try await address.look(telling: 1_500)
        #expect(try await address.cases() == [.repeated])
        #expect(try await address.desk.booksHold())
    }

    @Test(
        "of more than any money waits for a person until it is gone, and costs no payment",
        arguments: Engine.allCases
    )
    func huge(engine: Engine) async throws {
        var address = try await WatchedAddress(on: engine)
        let huge = BigInt(1) << 250
        address.real = 1_500
        try await address.look(telling: 1_500)
        try await address.look(telling: huge)
        #expect(try await address.cases() == [.unreadable])
        address.real = 1_600
        try await address.look(telling: huge + 100)
        try await address.look(telling: 1_600)
        #expect(
            try await address.payments() == [.init(.exact, .final, 1_500), .init(.repeated, .final, 100)]
        )
        #expect(try await address.cases() == [.repeated])
        #expect(try await address.desk.booksHold())
    }

    @Test("leave the books right whatever is told, gathered, paid and reorganised", arguments: 0..<8)
    func law(turn: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var address = try await WatchedAddress(on: turn == 0 ? .postgreSQL : .sqlite)
        func units() -> BigInt { BigInt(Int.random(in: 1...900, using: &random)) }
        for step in 0..<40 {
            if Int.random(in: 0..<3, using: &random) == 0 {
                address.offset =
                    Bool.random(using: &random) ? 0 : BigInt(Int.random(in: -2_000...2_000, using: &random))
            }
            switch Int.random(in: 0..<8, using: &random) {
            case 0: try await address.block(paying: units())
            case 1: try await address.block(gathering: true)
            case 2: try await address.block(paying: units(), gathering: true)
            case 3: try await address.reorganise(by: Int.random(in: 1...5, using: &random))
            case 4: address.real += units()
            default: break
            }
            try await address.look(atNewPlace: Bool.random(using: &random))
            #expect(try await address.recorded() == address.told, "seed \(seed), step \(step)")
        }
        address.offset = 0
        try await address.look()
        #expect(try await address.recorded() == address.real, "seed \(seed)")
        #expect(try await address.desk.booksHold(), "seed \(seed)")
    }
}
