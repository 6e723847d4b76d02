import Glibc

/// The machine's own clock: the only place in the product that reads it.
public struct SystemClock: WallClock {
    /// The machine's clock.
    public init() {}

    /// The machine's time of day.
    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Waits in real time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
