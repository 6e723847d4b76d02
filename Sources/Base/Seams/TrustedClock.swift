import Synchronization

/// A machine's two clocks: the time of day, which can be set, and the time since its start, which cannot.
package protocol MachineTime: WallClock {
    /// How long ago the machine was started, with the time in which it slept.
    func uptime() -> Duration
}

/// The gateway's clock: the machine's clock without its jumps.
package final class TrustedClock: WallClock {
    private let machine: any MachineTime
    private let time: Mutex<SteadyTime>

    /// A clock over a machine's.
    package init(_ machine: any MachineTime) {
        self.machine = machine
        let (wall, uptime) = Self.read(machine)
        time = Mutex(SteadyTime(wall: wall, uptime: uptime))
    }

    /// The time of day.
    package func now() -> Timestamp {
        let (wall, uptime) = Self.read(machine)
        return time.withLock { $0.moment(wall: wall, uptime: uptime) }
    }

    /// Waits in the time since the machine's start, which cannot be set.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await machine.sleep(for: duration) }

    /// Compares the clock with a witness's statement.
    package func observe(_ stated: Timestamp, from name: String, as witness: ClockWitness) {
        let (wall, uptime) = Self.read(machine)
        time.withLock { $0.observe(stated, from: name, as: witness, wall: wall, uptime: uptime) }
    }

    /// The doubt about the machine's clock; nil when there is none.
    package var doubt: ClockDoubt? {
        _ = now()
        return time.withLock { $0.doubt }
    }

    /// Both clocks at one moment, because a thread that was stopped between the two readings would see a jump.
    private static func read(_ machine: any MachineTime) -> (wall: Timestamp, uptime: Duration) {
        for _ in 0..<8 {
            let before = machine.uptime()
            let wall = machine.now()
            if machine.uptime() - before < .seconds(1) { return (wall, before) }
        }
        return (machine.now(), machine.uptime())
    }
}
