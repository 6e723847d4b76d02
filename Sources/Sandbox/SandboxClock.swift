public import Seams
import Synchronization

/// A clock that goes with another one and can be put forward.
public final class SandboxClock: WallClock {
    private let base: any WallClock
    private let ahead = Mutex(Duration.zero)

    /// A clock that goes with `base`.
    public init(_ base: any WallClock) {
        self.base = base
    }

    /// The other clock's time and what it was put forward.
    public func now() -> Timestamp { base.now().advanced(by: ahead.withLock { $0 }) }

    /// Waits as long as the other clock says; being put forward wakes nobody.
    ///
    /// - Throws: `CancellationError`.
    public func sleep(for duration: Duration) async throws { try await base.sleep(for: duration) }

    /// Puts the clock forward.
    public func advance(by duration: Duration) { ahead.withLock { $0 += duration } }
}
