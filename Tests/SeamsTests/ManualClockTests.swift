import Seams
import Synchronization
import Testing

/// Who woke, in order.
private final class WakeLog: Sendable {
    private let entries = Mutex<[Int]>([])
    var order: [Int] { entries.withLock { $0 } }
    func append(_ entry: Int) { entries.withLock { $0.append(entry) } }
}

@Suite("A manual clock")
struct ManualClockTests {
    @Test("wakes sleepers when it reaches their moment")
    func wakes() async throws {
        let clock = ManualClock(Timestamp(seconds: 0))
        let woken = WakeLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    woken.append(seconds)
                }
            }
            while clock.sleeperCount < 3 { await Task.yield() }
            for expected in 1...3 {
                clock.advance(by: .seconds(1))
                while woken.order.count < expected { await Task.yield() }
            }
            try await group.waitForAll()
        }
        #expect(woken.order == [1, 2, 3])
    }

    @Test("lets a cancelled sleeper go")
    func cancels() async {
        let clock = ManualClock(Timestamp(seconds: 0))
        let task = Task { try await clock.sleep(for: .seconds(1)) }
        while clock.sleeperCount == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test("does not sleep for nothing or less", arguments: [Duration.zero, .seconds(-1)])
    func returnsAtOnce(duration: Duration) async throws {
        try await ManualClock(Timestamp(seconds: 0)).sleep(for: duration)
    }
}
