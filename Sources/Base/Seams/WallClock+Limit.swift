import Synchronization

extension WallClock {
    /// The result of `body`, or `other` when it takes longer than `limit`; `body` then continues in the background.
    package func answer<Value: Sendable>(
        within limit: Duration,
        otherwise other: Value,
        _ body: @escaping @Sendable () async -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            let first = FirstAnswer(continuation)
            let timer = Task {
                try await self.sleep(for: limit)
                first.give(other)
            }
            Task {
                first.give(await body())
                timer.cancel()
            }
        }
    }
}

/// Passes on the first of several answers.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, Never>?>

    init(_ continuation: CheckedContinuation<Value, Never>) {
        self.continuation = Mutex(continuation)
    }

    func give(_ value: Value) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: value)
    }
}
