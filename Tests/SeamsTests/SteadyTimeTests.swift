import Testing

@testable import Seams

@Suite("The time of day")
struct SteadyTimeTests {
    private static let start = Timestamp(seconds: 1_764_000_000)
    private static let year: Int64 = 365 * 86_400

    /// A machine: the time that has really passed, and the error of its clock.
    private struct Machine {
        var passed = Duration.zero
        var wrong = Duration.zero
        var time = SteadyTime(wall: start, uptime: .zero)

        var truth: Timestamp { start.advanced(by: passed) }
        mutating func read() -> Timestamp { time.moment(wall: truth.advanced(by: wrong), uptime: passed) }
        mutating func observe(_ stated: Timestamp, from rail: String, as witness: ClockWitness = .chain) {
            time.observe(stated, from: rail, as: witness, wall: truth.advanced(by: wrong), uptime: passed)
        }
    }

    @Test("is not moved when the clock is set ahead or back, and heals without a trace", arguments: 0..<200)
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
            // Nodes with the right time change nothing; nodes that agree with the wrong clock are not tested here.
            if random.next() % 3 == 0 { machine.observe(machine.truth.advanced(by: .seconds(-20)), from: "ton") }
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
        // A machine whose clock was a day behind and is set right.
        machine.wrong += .seconds(86_400)
        machine.passed += .seconds(3_600)
        #expect(machine.read() == machine.truth.advanced(by: .seconds(50)))
        machine.observe(machine.truth.advanced(by: .seconds(86_400 + 40)), from: "ton")
        #expect(machine.read() == machine.truth.advanced(by: machine.wrong) && machine.time.doubt == nil)
    }

    @Test("does not follow a clock that creeps ahead each second for ever")
    func creeping() {
        var machine = Machine()
        for _ in 0..<300 {
            machine.passed += .seconds(1)
            machine.wrong += .seconds(9)
            _ = machine.read()
        }
        #expect(machine.read().since(machine.truth) <= .seconds(10))
    }

    @Test("is in doubt when a rail contradicts it at the start, until another rail agrees with it", arguments: [-1, 1])
    func wrongStart(direction: Int64) {
        var machine = Machine()
        machine.observe(Self.start.advanced(by: .seconds(direction * 10 * Self.year)), from: "ton")
        #expect(machine.time.doubt == .contradicted(rail: "ton", by: .seconds(direction * 10 * Self.year)))
        machine.observe(Self.start.advanced(by: .seconds(-30)), from: "evm")
        #expect(machine.time.doubt == nil)
    }

    /// The doubt about a clock that is wrong by `wrong` from the start, after a witness has stated the time of `late`
    /// ago.
    private static func doubt(by wrong: Duration, _ witness: ClockWitness, late: Duration = .zero) -> ClockDoubt? {
        var machine = Machine(wrong: wrong)
        machine.time = SteadyTime(wall: machine.truth.advanced(by: wrong), uptime: .zero)
        machine.observe(machine.truth.advanced(by: .zero - late), from: "w", as: witness)
        return machine.time.doubt
    }

    private static let witnesses: [ClockWitness] = [.chain, .service, .machine, .message, .record]

    @Test("that is wrong from the start is contradicted by every witness able to", arguments: witnesses)
    func contradicted(witness: ClockWitness) {
        let day = Duration.seconds(86_400)
        #expect(Self.doubt(by: .zero, witness) == nil)
        #expect(Self.doubt(by: .seconds(60), witness) == nil && Self.doubt(by: .seconds(-60), witness) == nil)
        for years in [1, 10] as [Int64] {
            let wrong = Duration.seconds(years * Self.year)
            // Ours is behind: a witness never states a future moment.
            #expect(Self.doubt(by: .zero - wrong, witness) == .contradicted(rail: "w", by: wrong))
            // Ours is ahead: only witnesses that state the present, or are at most a day late, can show that.
            let ahead: ClockDoubt? = witness == .record ? nil : .contradicted(rail: "w", by: .zero - wrong)
            #expect(Self.doubt(by: wrong, witness) == ahead)
        }
        #expect((Self.doubt(by: day * 2, witness) == nil) == (witness == .record))
        // A message delivered a day late shows nothing, and neither does an old entry.
        let mayBeLate = witness == .message || witness == .record
        #expect((Self.doubt(by: .zero, witness, late: day) == nil) == mayBeLate)
    }

    @Test(
        "is believed against one witness when an independent one agrees",
        arguments: witnesses,
        witnesses
    )
    func outvoted(against: ClockWitness, agreeing: ClockWitness) {
        // An old entry shows nothing: only one in the future does.
        for ahead in [true, false] where ahead || against != .record {
            var machine = Machine()
            machine.observe(
                Self.start.advanced(by: .seconds(ahead ? Self.year : -Self.year)),
                from: "other",
                as: against
            )
            #expect(machine.time.doubt != nil)
            machine.observe(Self.start, from: "agreeing", as: agreeing)
            let isIndependent = agreeing == .chain || agreeing == .service || (agreeing == .message && !ahead)
            #expect((machine.time.doubt == nil) == isIndependent, "\(against) ahead: \(ahead), \(agreeing) agrees")
            // The agreement has lapsed after an hour, and the other witness still contradicts.
            machine.passed += .seconds(4_000)
            let stated = machine.truth.advanced(by: .seconds(ahead ? Self.year : -Self.year))
            machine.observe(stated, from: "other", as: against)
            #expect(machine.time.doubt != nil)
        }
    }

    @Test("is not contradicted by a chain that stands still")
    func standingChain() {
        var machine = Machine()
        let block = Self.start.advanced(by: .seconds(-2 * 86_400))
        machine.observe(block, from: "evm")
        #expect(machine.time.doubt != nil)
        machine.passed += .seconds(130)
        machine.observe(block, from: "evm")
        #expect(machine.time.doubt == nil)
        // The chain goes on, two days behind.
        machine.observe(block.advanced(by: .seconds(12)), from: "evm")
        #expect(machine.time.doubt != nil)
    }

    @Test("heals at once when the clock is set right after a contradiction of any witness", arguments: witnesses)
    func healing(witness: ClockWitness) {
        for wrong in [Self.year, -Self.year] where witness != .record {
            var machine = Machine(wrong: .seconds(wrong))
            machine.time = SteadyTime(wall: machine.truth.advanced(by: machine.wrong), uptime: .zero)
            machine.observe(machine.truth, from: "w", as: witness)
            #expect(machine.time.doubt?.leavesTimeOpen == true)
            machine.passed += .seconds(5)
            machine.wrong = .zero
            guard witness != .machine else {
                // The witness may share our clock, so the time stays open until another witness agrees.
                #expect(machine.read() != machine.truth && machine.time.doubt?.leavesTimeOpen == true)
                machine.observe(machine.truth, from: "ton")
                #expect(machine.read() == machine.truth && machine.time.doubt == nil)
                continue
            }
            #expect(machine.read() == machine.truth && machine.time.doubt == nil, "\(witness) by \(wrong)")
        }
    }

    @Test("is taken from the rails after the machine was stopped for a day, which its uptime does not show")
    func stoppedMachine() {
        var machine = Machine()
        machine.observe(Self.start, from: "ton")
        machine.observe(Self.start, from: "evm")
        machine.passed += .seconds(60)
        // The host had stopped it: the uptime did not go on, and the clock is set right afterwards.
        machine.wrong = .seconds(86_400)
        let truth = machine.truth.advanced(by: .seconds(86_400))
        #expect(machine.read() == machine.truth)
        machine.observe(truth, from: "ton")
        #expect(machine.read() == truth && machine.time.doubt == nil)
    }

    @Test("does not change while one witness agrees with the old time and another with the new one")
    func disputed() {
        var machine = Machine()
        machine.wrong = .seconds(86_400)
        #expect(machine.read() == machine.truth)
        machine.observe(machine.truth, from: "ton")
        machine.observe(machine.truth.advanced(by: .seconds(86_400)), from: "evm")
        #expect(machine.read() == machine.truth && machine.time.doubt == .moved(.seconds(86_400)))
    }

    @Test("goes on while a machine sleeps")
    func sleeping() {
        var machine = Machine()
        machine.passed += .seconds(8 * 3_600)
        #expect(machine.read() == machine.truth && machine.time.doubt == nil)
    }
}
