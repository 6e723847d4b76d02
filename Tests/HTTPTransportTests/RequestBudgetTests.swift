import Seams
import Synchronization
import Testing

@testable import HTTPMessages

@Suite("The request budget of a server")
struct RequestBudgetTests {
    static let seeds: [UInt64] = (1...20).map { $0 }

    @Test(
        "allows no more in any time than the burst and the rate, and no more unanswered than its limit",
        arguments: seeds
    )
    func limits(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let limits = RequestLimits(
            perSecond: Int.random(in: 1...50, using: &random),
            burst: Int.random(in: 1...40, using: &random),
            inFlight: Int.random(in: 1...9, using: &random)
        )
        var now = Timestamp(seconds: 1_000)
        var allowance = RequestAllowance(limits, at: now)
        var made: [Timestamp] = []
        var unanswered = 0
        for _ in 0..<3_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: now = now.advanced(by: .microseconds(Int64.random(in: 0...400_000, using: &random)))
            case 1 where unanswered > 0:
                allowance.answered()
                unanswered -= 1
            default:
                switch allowance.take(at: now) {
                case .now:
                    made.append(now)
                    unanswered += 1
                case .whenOneIsAnswered: #expect(unanswered == limits.inFlight, "seed \(seed)")
                case .after(let pause):
                    #expect(pause > .zero && pause <= .seconds(1), "seed \(seed)")
                    // Nobody is told to wait too short, or too long.
                    var later = allowance
                    #expect(later.take(at: now.advanced(by: pause)) == .now, "seed \(seed)")
                    var early = allowance
                    let moment = now.advanced(by: pause - .microseconds(2))
                    if moment > now { #expect(early.take(at: moment) != .now, "seed \(seed)") }
                }
            }
            #expect(unanswered <= limits.inFlight && allowance.inFlight == unanswered, "seed \(seed)")
        }
        for (first, start) in made.enumerated() {
            for last in stride(from: first, to: made.count, by: 7) {
                let micro = made[last].since(start).wholeMicroseconds
                let most = Int64(limits.burst) + micro * Int64(limits.perSecond) / 1_000_000 + 1
                #expect(Int64(last - first + 1) <= most, "seed \(seed)")
            }
        }
    }

    @Test("makes none in a pause that the server asks for, halves the rate once for a volley, and raises it in silence")
    func refusals() {
        let limits = RequestLimits(perSecond: 16, burst: 5, inFlight: 100)
        var now = Timestamp(seconds: 1_000)
        var allowance = RequestAllowance(limits, at: now)
        for _ in 0..<5 { #expect(allowance.take(at: now) == .now) }
        for pause in [Duration.seconds(3), nil, .seconds(7), .seconds(2)] {
            allowance.refused(for: pause, because: true, at: now)
        }
        #expect(allowance.rate == 8_000)
        #expect(allowance.take(at: now) == .after(.seconds(7)))
        now = now.advanced(by: .seconds(7))
        #expect(allowance.take(at: now) == .now)
        for expected in [4_000, 2_000, 1_000, 500, 250, 125, 100, 100] as [Int64] {
            allowance.refused(for: nil, because: true, at: now)
            #expect(allowance.rate == expected)
            #expect(allowance.take(at: now) == .after(.seconds(1)))
            now = now.advanced(by: .seconds(1))
        }
        // A server that is away is not one that counts.
        allowance.refused(for: .seconds(9_999), because: false, at: now)
        #expect(allowance.rate == 100)
        #expect(allowance.take(at: now) == .after(RequestAllowance.longestPause))
        var rates: [Int64] = []
        for _ in 0..<40 {
            now = now.advanced(by: RequestAllowance.silence)
            _ = allowance.take(at: now)
            rates.append(allowance.rate)
        }
        #expect(rates == rates.sorted() && rates.last == 16_000)
        #expect(rates.firstIndex(of: 16_000).map { (26...28).contains($0) } == true)
        // A clock that was wrong holds nothing up.
        allowance.refused(for: .seconds(60), because: true, at: now.advanced(by: .seconds(86_400 * 3_650)))
        for _ in 0..<allowance.inFlight { allowance.answered() }
        _ = allowance.take(at: now)
        #expect(allowance.take(at: now.advanced(by: .seconds(10))) == .now)
    }

    @Test("calls the higher priority first and nobody never", arguments: seeds)
    func order(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var line = RequestLine()
        var waiting: [(number: UInt64, priority: RequestPriority, since: Int)] = []
        var turn = 0
        for _ in 0..<2_000 {
            if Int.random(in: 0..<5, using: &random) < 3 {
                // Payouts keep coming, as if nothing else could ever have a turn.
                let priority =
                    Bool.random(using: &random) ? .payout : RequestPriority.allCases.randomElement(using: &random)
                let number = line.add(priority ?? .report)
                waiting.append((number, priority ?? .report, turn))
            }
            if Int.random(in: 0..<9, using: &random) == 0, let left = waiting.randomElement(using: &random) {
                line.remove(left.number)
                waiting.removeAll { $0.number == left.number }
            }
            #expect(line.counts.values.reduce(0, +) == waiting.count, "seed \(seed)")
            guard Bool.random(using: &random) else { continue }
            guard let next = line.next, let chosen = waiting.first(where: { $0.number == next }) else {
                #expect(line.next == nil && waiting.isEmpty, "seed \(seed)")
                continue
            }
            let highest = waiting.map(\.priority).min()
            let oldest = waiting.map(\.number).min()
            #expect(chosen.number == oldest || chosen.priority == highest, "seed \(seed)")
            #expect(waiting.filter { $0.priority == chosen.priority }.map(\.number).min() == next, "seed \(seed)")
            // Every fourth turn is that of the oldest.
            let older = waiting.count { $0.number < next }
            #expect(
                turn - chosen.since <= RequestLine.turnOfTheOldest * (waiting.count + older + 1) * 4,
                "seed \(seed)"
            )
            line.takeNext()
            waiting.removeAll { $0.number == next }
            turn += 1
        }
        // When only payouts come, a report that waits gets the fourth turn.
        var crowd = RequestLine()
        let report = crowd.add(.report)
        var turns = 0
        while crowd.counts[.report] == 1, turns < 100 {
            _ = crowd.add(.payout)
            crowd.takeNext()
            turns += 1
        }
        #expect(turns <= RequestLine.turnOfTheOldest && report == 1)
    }

    /// Who was served, in order.
    private final class Served: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    private func until(_ holds: () -> Bool) async {
        while !holds() { await Task.yield() }
    }

    @Test("gives payouts their turn before scans and reports, one as another is answered", .timeLimit(.minutes(1)))
    func turns() async throws {
        let budget = RequestBudget(
            RequestLimits(perSecond: 100, burst: 100, inFlight: 1),
            clock: ManualClock(Timestamp(seconds: 1_000))
        )
        try await budget.begin(.scan)
        let served = Served()
        await withTaskGroup(of: Void.self) { group in
            for (count, wish) in [RequestPriority.report, .scan, .payout].enumerated() {
                group.addTask {
                    try? await budget.begin(wish)
                    served.add("\(wish)")
                }
                await until { budget.use.waiting.values.reduce(0, +) == count + 1 }
            }
            // One that gives up takes nobody's turn.
            let impatient = Task { try await budget.begin(.payout) }
            await until { budget.use.waiting[.payout] == 2 }
            impatient.cancel()
            _ = await impatient.result
            for count in 1...3 {
                budget.end(nil)
                await until { served.all.count == count }
            }
        }
        #expect(served.all == ["payout", "scan", "report"])
        #expect(budget.use.made == [.scan: 2, .payout: 1, .report: 1] && budget.use.inFlight == 1)
        #expect(budget.use.waiting.values.allSatisfy { $0 == 0 })
    }

    @Test("waits by the clock that was passed in, and refuses what would wait too long", .timeLimit(.minutes(1)))
    func patience() async throws {
        let clock = ManualClock(Timestamp(seconds: 1_000))
        let budget = RequestBudget(RequestLimits(perSecond: 1, burst: 1, inFlight: 9), clock: clock)
        try await budget.begin(.scan)
        let second = Task { try await budget.begin(.scan) }
        await until { clock.sleeperCount == 1 }
        clock.advance(by: .seconds(1))
        try await second.value
        budget.end(HTTPResponse(status: 429, fields: [HTTPField("Retry-After", "45")]))
        #expect(budget.use.refusals == 1 && budget.use.rate == 500)
        await #expect(throws: HTTPTransportError(.unreachable, "")) { try await budget.begin(.payout) }
        clock.advance(by: .seconds(46))
        try await budget.begin(.payout)
        #expect(budget.use.made == [.scan: 2, .payout: 1])
    }

    private struct Server: HTTPTransport {
        let status: Int
        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            guard status > 0 else { throw HTTPTransportError(.timedOut, "it does not answer") }
            return HTTPResponse(status: status)
        }
    }

    @Test("counts a request until it is answered, however that ends")
    func answers() async throws {
        let clock = ManualClock(Timestamp(seconds: 1_000))
        for status in [200, 500, 0] {
            let budget = RequestBudget(RequestLimits(perSecond: 9, burst: 9, inFlight: 1), clock: clock)
            let transport = BudgetedTransport(Server(status: status), within: budget)
            for _ in 0..<3 { _ = try? await transport.send(HTTPRequest(url: "http://node")) }
            #expect(budget.use.inFlight == 0 && budget.use.made == [.scan: 3], "\(status)")
        }
    }
}
