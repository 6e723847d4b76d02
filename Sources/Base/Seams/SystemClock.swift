import Glibc

/// The machine's own clock: the only place in the product that reads it.
package struct SystemClock: MachineTime {
    /// The machine's clock.
    package init() {}

    /// The machine's time of day.
    package func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// The time since the machine was started; it continues while the machine sleeps, and cannot be set.
    package func uptime() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    /// Waits in real time.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}
