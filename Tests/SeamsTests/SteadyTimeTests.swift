import Testing

@testable import Seams

@Suite("F108: the time of day")
struct SteadyTimeTests {
    private static let start = Timestamp(seconds: 1_764_000_000)
    private static let year: Int64 = 365 * 86_400

    /// A machine: the time that has really passed, and by how much its clock is wrong.
    private struct Machine {
        var passed = Duration.zero
        var wrong = Duration.zero
        var time = SteadyTime(wall: start, uptime: .zero)

        var truth: Timestamp { start.advanced(by: passed) }
        mutating func read() -> Timestamp { time.moment(wall: truth.advanced(by: wrong), uptime: passed) }
        mutating func hear(_ stated: Timestamp, from rail: String) {
            time.hear(stated, from: rail, wall: truth.advanced(by: wrong), uptime: passed)
        }
    }

    @Test("is not moved by a clock that is set ahead or back, and heals without a trace", arguments: 0..<200)
    func jumps(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var machine = Machine()
        for _ in 0..<200 {
            machine.passed += .milliseconds(Int64(random.next() % 20_000))
            switch random.next() % 4 {
            case 0: machine.wrong = .zero
            case 1: machine.wrong = .seconds(Int64(random.next() % 20 * 2) * Self.year / 2 - 10 * Self.year)
            case 2: machine.wrong = .seconds(Int64(random.next() % 3 + 1) * 86_400 - 2 * 86_400)
            default: break
            }
            let isWrong = machine.wrong != .zero
            #expect(machine.read() == machine.truth, "seed \(seed)")
            #expect(machine.time.doubt == (isWrong ? .moved(machine.wrong) : nil), "seed \(seed)")
            // Nodes that lie to the same end as the clock are not asked for here; those that are right change nothing.
            if random.next() % 3 == 0 { machine.hear(machine.truth.advanced(by: .seconds(-20)), from: "ton") }
            #expect(machine.read() == machine.truth, "seed \(seed)")
        }
        machine.wrong = .zero
        #expect(machine.read() == machine.truth && machine.time.doubt == nil)
    }

    @Test("follows small corrections at once or after a minute, and large ones when a rail says so")
    func corrections() {
        var machine = Machine()
        machine.wrong = .seconds(3)
        #expect(machine.read() == machine.truth.advanced(by: .seconds(3)) && machine.time.doubt == nil)
        machine.wrong = .seconds(50)
        #expect(machine.read() == machine.truth)
        machine.passed += .seconds(61)
        #expect(machine.read() == machine.truth.advanced(by: .seconds(50)) && machine.time.doubt == nil)
        // A machine whose clock was a day behind, and that is put right.
        machine.wrong += .seconds(86_400)
        machine.passed += .seconds(3_600)
        #expect(machine.read() == machine.truth.advanced(by: .seconds(50)))
        machine.hear(machine.truth.advanced(by: .seconds(86_400 + 40)), from: "ton")
        #expect(machine.read() == machine.truth.advanced(by: machine.wrong) && machine.time.doubt == nil)
    }

    @Test("that creeps ahead by a little each second is not believed for ever")
    func creeping() {
        var machine = Machine()
        for _ in 0..<300 {
            machine.passed += .seconds(1)
            machine.wrong += .seconds(9)
            _ = machine.read()
        }
        #expect(machine.read().since(machine.truth) <= .seconds(10))
    }

    @Test("that was wrong from the start is in doubt until a rail agrees with it", arguments: [-1, 1])
    func wrongStart(direction: Int64) {
        var machine = Machine()
        machine.hear(Self.start.advanced(by: .seconds(direction * 10 * Self.year)), from: "ton")
        #expect(machine.time.doubt == .contradicted(rail: "ton", by: .seconds(direction * 10 * Self.year)))
        machine.hear(Self.start.advanced(by: .seconds(-30)), from: "evm")
        #expect(machine.time.doubt == nil)
    }

    @Test("goes on while a machine sleeps")
    func sleeping() {
        var machine = Machine()
        machine.passed += .seconds(8 * 3_600)
        #expect(machine.read() == machine.truth && machine.time.doubt == nil)
    }
}
