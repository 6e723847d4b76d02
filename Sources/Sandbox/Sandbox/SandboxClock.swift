package import Seams
import Synchronization

/// A clock that follows another one and can be put forward.
package final class SandboxClock: WallClock {
    private let base: any WallClock
    private let ahead = Mutex(Duration.zero)

    /// A clock that follows `base`.
    package init(_ base: any WallClock) {
        self.base = base
    }

    /// The other clock's time plus all advances.
    package func now() -> Timestamp { base.now().advanced(by: ahead.withLock { $0 }) }

    /// Waits by the other clock; an advance wakes nobody.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await base.sleep(for: duration) }

    /// Puts the clock forward.
    package func advance(by duration: Duration) { ahead.withLock { $0 += duration } }
}

/// The clock of the machine that a gateway runs on; it follows the sandbox's clock until it is set.
package final class SandboxMachine: MachineTime {
    private let clock: SandboxClock
    private let ahead = Mutex(Duration.zero)

    /// A machine whose clock is right.
    package init(_ clock: SandboxClock) {
        self.clock = clock
    }

    /// The time of the machine's clock.
    package func now() -> Timestamp { clock.now().advanced(by: ahead.withLock { $0 }) }

    /// The time that has really passed.
    package func uptime() -> Duration { clock.now().since(Timestamp(microseconds: 0)) }

    /// Waits by the sandbox's clock.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await clock.sleep(for: duration) }

    /// Sets the machine's clock; zero is right.
    package func set(ahead duration: Duration) { ahead.withLock { $0 = duration } }
}
