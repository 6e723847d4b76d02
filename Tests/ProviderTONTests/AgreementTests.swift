import FixtureTON
import HTTPMessages
import Money
import Payments
import ProviderTON
import Providers
import Seams
import Synchronization
import TON
import Testing

/// A second node that serves the first one's chain, another chain, or nothing.
private final class Witness: HTTPTransport {
    enum Mood: CaseIterable {
        case knows, doesNotKnow, isAway
    }

    let chain: FixtureTON
    private let stranger: FixtureTON
    private let state = Mutex((mood: Mood.doesNotKnow, questions: 0))

    init(chain: FixtureTON, clock: ManualClock) {
        self.chain = chain
        stranger = FixtureTON(clock: clock, network: .testnet, seed: 2)
    }

    var mood: Mood {
        get { state.withLock { $0.mood } }
        set { state.withLock { $0.mood = newValue } }
    }

    /// How often it was asked since the last call.
    func takeQuestions() -> Int {
        state.withLock { state in
            defer { state.questions = 0 }
            return state.questions
        }
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        state.withLock { $0.questions += 1 }
        switch mood {
        case .knows: return await chain.respond(to: request)
        case .doesNotKnow: return await stranger.respond(to: request)
        case .isAway: throw HTTPTransportError(.unreachable, "nobody there")
        }
    }
}

@Suite("A large credit on TON")
struct AgreementTests {
    private static let limit: Int64 = 1_000_000_000

    private let rail: Rail
    private let witness: Witness

    init() throws {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        let chain = FixtureTON(clock: clock, network: .testnet)
        let witness = Witness(chain: chain, clock: clock)
        self.witness = witness
        rail = try Rail(agreementAbove: Self.limit, clock: clock, chain: chain, witness: witness)
    }

    private func pay(_ units: Int64, _ comment: String) throws {
        try rail.chain.pay(UInt128(units), to: rail.provider.walletAddress, comment: comment, by: "alice")
        try rail.chain.settle()
    }

    private func credits(of page: ScanPage) -> [Int64] {
        page.observations.compactMap(\.incoming).compactMap { Int64(exactly: $0.amount.units) }
    }

    @Test("waits for a second node, and holds up no payment after it", arguments: [false, true])
    func waits(isAway: Bool) async throws {
        witness.mood = isAway ? .isAway : .doesNotKnow
        try pay(Self.limit, "much")
        try pay(5, "small")
        let first = try await rail.scan(rail.coin)
        #expect(credits(of: first) == [5])
        #expect(first.awaited?.contains("a large credit waits until a second node confirms it") == true)
        try pay(6, "later")
        let second = try await rail.scan(rail.coin, after: first.position)
        #expect(credits(of: second) == [6])
        #expect(second.awaited != nil)
        // Nothing moves as long as nothing changes.
        let third = try await rail.scan(rail.coin, after: second.position)
        #expect(third.position == second.position && third.observations.isEmpty && third.awaited != nil)
        witness.mood = .knows
        let fourth = try await rail.scan(rail.coin, after: third.position)
        #expect(credits(of: fourth) == [Self.limit])
        #expect(fourth.awaited == nil)
        #expect(credits(of: try await rail.scan(rail.coin, after: fourth.position)).isEmpty)
    }

    @Test("keeps invoices from ending as unpaid until it is decided")
    func completeness() async throws {
        try pay(1, "first")
        let before = try await rail.scan(rail.coin)
        rail.clock.advance(by: .seconds(10))
        try pay(Self.limit, "much")
        let paidAt = rail.clock.now()
        rail.clock.advance(by: .seconds(600))
        try pay(2, "last")
        let held = try await rail.scan(rail.coin, after: before.position)
        let until = try #require(held.completeUntil)
        #expect(until < paidAt)
        witness.mood = .knows
        let done = try await rail.scan(rail.coin, after: held.position)
        #expect(try #require(done.completeUntil) > paidAt)
    }

    @Test("a witness that does not answer is asked once for a page, however many credits wait")
    func silence() async throws {
        witness.mood = .isAway
        for number in 0..<8 { try pay(Self.limit, "much \(number)") }
        let page = try await rail.scan(rail.coin)
        #expect(credits(of: page).isEmpty)
        #expect(witness.takeQuestions() == 1)
        _ = try await rail.scan(rail.coin, after: page.position)
        #expect(witness.takeQuestions() == 1)
    }

    @Test("the scan itself waits when too many credits do, and goes on when they are confirmed")
    func tooMany() async throws {
        for number in 0..<17 { try pay(Self.limit, "much \(number)") }
        await #expect(throws: ProviderError(.unavailable, "")) { try await rail.scan(rail.coin) }
        witness.mood = .knows
        let page = try await rail.scan(rail.coin)
        #expect(credits(of: page).count == 17)
    }

    @Test("whatever a second node does, each credit is reported once")
    func law() async throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededRandom(seed: seed)
        var (sent, seen): ([Int64], [Int64]) = ([], [])
        var position: String?
        for step in 0..<60 {
            witness.mood = Witness.Mood.allCases.randomElement(using: &random) ?? .knows
            for _ in 0..<Int.random(in: 0...2, using: &random) where sent.count(where: { $0 >= Self.limit }) < 12 {
                // Each amount is sent once, so that each credit is recognised.
                let units = (Bool.random(using: &random) ? Self.limit : 1) + Int64(sent.count)
                try pay(units, "payment \(step)")
                sent.append(units)
            }
            let page = try await rail.scan(rail.coin, after: position)
            seen += credits(of: page)
            position = page.position
        }
        witness.mood = .knows
        seen += credits(of: try await rail.scan(rail.coin, after: position))
        #expect(seen.sorted() == sent.sorted(), "seed \(seed)")
    }
}
