package import Seams
import Synchronization

/// A clock that goes with another one and can be put forward.
package final class SandboxClock: WallClock {
    private let base: any WallClock
    private let ahead = Mutex(Duration.zero)

    /// A clock that goes with `base`.
    package init(_ base: any WallClock) {
        self.base = base
    }

    /// The other clock's time and what it was put forward.
    package func now() -> Timestamp { base.now().advanced(by: ahead.withLock { $0 }) }

    /// Waits as long as the other clock says; being put forward wakes nobody.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await base.sleep(for: duration) }

    /// Puts the clock forward.
    package func advance(by duration: Duration) { ahead.withLock { $0 += duration } }
}

/// The clock of the machine that a gateway runs on, which goes with the sandbox's until somebody sets it.
package final class SandboxMachine: MachineTime {
    private let clock: SandboxClock
    private let ahead = Mutex(Duration.zero)

    /// A machine whose clock is right.
    package init(_ clock: SandboxClock) {
        self.clock = clock
    }

    /// What the machine's clock shows.
    package func now() -> Timestamp { clock.now().advanced(by: ahead.withLock { $0 }) }

    /// The time that has really passed.
    package func uptime() -> Duration { clock.now().since(Timestamp(microseconds: 0)) }

    /// Waits as long as the sandbox's clock says.
    ///
    /// - Throws: `CancellationError`.
    package func sleep(for duration: Duration) async throws { try await clock.sleep(for: duration) }

    /// Sets the machine's clock; zero is right.
    package func set(ahead duration: Duration) { ahead.withLock { $0 = duration } }
}
