import Synchronization

/// A machine's two clocks: the time of day, which can be set, and the time since its start, which cannot.
package protocol MachineTime: WallClock {
    /// How long ago the machine was started, with the time in which it slept.
    func uptime() -> Duration
}

/// The clock that the gateway goes by: the machine's, without its jumps.
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

    /// Waits in time that nobody can move.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await machine.sleep(for: duration) }

    /// Compares itself with what a witness says.
    package func hear(_ stated: Timestamp, from name: String, as witness: ClockWitness) {
        let (wall, uptime) = Self.read(machine)
        time.withLock { $0.hear(stated, from: name, as: witness, wall: wall, uptime: uptime) }
    }

    /// What is wrong with the machine's clock now; nil when nothing is known to be.
    package var doubt: ClockDoubt? {
        _ = now()
        return time.withLock { $0.doubt }
    }

    /// Both clocks at one moment: a thread that was stopped between the two readings would see a jump.
    private static func read(_ machine: any MachineTime) -> (wall: Timestamp, uptime: Duration) {
        for _ in 0..<8 {
            let before = machine.uptime()
            let wall = machine.now()
            if machine.uptime() - before < .seconds(1) { return (wall, before) }
        }
        return (machine.now(), machine.uptime())
    }
}
