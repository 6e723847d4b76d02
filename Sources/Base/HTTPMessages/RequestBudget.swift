package import Seams
import Synchronization

/// The requests that one server takes, shared by everything that asks it.
package final class RequestBudget: Sendable {
    /// How a budget is used, for people to see.
    package struct Use: Hashable, Sendable {
        /// How many requests were made, by priority.
        package var made: [RequestPriority: Int] = [:]
        /// How many requests wait now, by priority.
        package var waiting: [RequestPriority: Int] = [:]
        /// How often the server has said that there were too many.
        package var refusals = 0
        /// How many requests are unanswered now.
        package var inFlight = 0
        /// The present rate in requests a second, in thousandths.
        package var rate: Int64 = 0
    }

    /// How long a request waits for its turn at most.
    static let patience = Duration.seconds(30)

    private struct State {
        var allowance: RequestAllowance
        var line = RequestLine()
        /// Call those who wait; a call that comes while one is looking is kept.
        var calls: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var use = Use()
    }

    private let clock: any WallClock
    private let state: Mutex<State>

    /// A budget with limits.
    package init(_ limits: RequestLimits, clock: any WallClock) {
        self.clock = clock
        state = Mutex(State(allowance: RequestAllowance(limits, at: clock.now())))
    }

    /// How it is used now.
    package var use: Use {
        state.withLock { state in
            var use = state.use
            use.waiting = state.line.counts
            (use.inFlight, use.rate) = (state.allowance.inFlight, state.allowance.rate)
            return use
        }
    }

    /// Waits until a request may be made.
    ///
    /// - Throws: ``HTTPTransportError``, so that nothing was sent: when the task is cancelled, or it would wait too long.
    func begin(_ priority: RequestPriority) async throws(HTTPTransportError) {
        let end = clock.now().advanced(by: Self.patience)
        let (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var called = calls.makeAsyncIterator()
        let number = state.withLock { state in
            let number = state.line.add(priority)
            state.calls[number] = caller
            return number
        }
        while true {
            let now = clock.now()
            // It was cancelled, or its time is over.
            guard !Task.isCancelled, now <= end else { throw leave(number) }
            switch look(number, priority, at: now) {
            case .now: return
            case .whenOneIsAnswered, nil: _ = await called.next()
            case .after(let pause):
                guard now.advanced(by: pause) <= end else { throw leave(number) }
                do { try await clock.sleep(for: pause) } catch { throw leave(number) }
            }
        }
    }

    /// Counts the answer to a request.
    func end(_ response: HTTPResponse?) {
        let now = clock.now()
        state.withLock { state in
            state.allowance.answered()
            if let response, response.status == 429 || response.field("Retry-After") != nil && response.status == 503 {
                let isBusy = response.status == 429
                if isBusy { state.use.refusals += 1 }
                state.allowance.refused(for: response.pause(from: now), because: isBusy, at: now)
            }
        }
        callNext()
    }

    /// The decision on somebody who waits; nil when it is not its turn.
    private func look(_ number: UInt64, _ priority: RequestPriority, at now: Timestamp) -> RequestAllowance.Answer? {
        let answer: RequestAllowance.Answer? = state.withLock { state in
            guard state.line.next == number else { return nil }
            let answer = state.allowance.take(at: now)
            if answer == .now {
                state.line.takeNext()
                state.calls[number] = nil
                state.use.made[priority, default: 0] += 1
            }
            return answer
        }
        if answer == .now { callNext() }
        return answer
    }

    private func callNext() {
        state.withLock { state in
            if let next = state.line.next { state.calls[next]?.yield() }
        }
    }

    private func leave(_ number: UInt64) -> HTTPTransportError {
        state.withLock { state in
            state.line.remove(number)
            state.calls[number] = nil
        }
        callNext()
        return Task.isCancelled
            ? HTTPTransportError(.cancelled, "the task was cancelled")
            : HTTPTransportError(.unreachable, "it was asked for more than it takes, so that this was not asked")
    }
}

extension HTTPResponse {
    /// The pause that a server asks for, in seconds or as a date (RFC 9110, section 10.2.3); nil when it asks for none.
    fileprivate func pause(from now: Timestamp) -> Duration? {
        guard let text = field("Retry-After") else { return nil }
        if let seconds = Int64(text), (0...86_400).contains(seconds) { return .seconds(seconds) }
        return Timestamp(httpDate: text).map { $0.since(now) }
    }
}

/// A transport that keeps to a server's budget.
package struct BudgetedTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let budget: RequestBudget

    /// A transport within a budget.
    package init(_ transport: any HTTPTransport, within budget: RequestBudget) {
        self.transport = transport
        self.budget = budget
    }

    /// Sends a request when its turn has come.
    ///
    /// - Throws: ``HTTPTransportError``.
    package func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try await budget.begin(request.priority)
        do {
            let response = try await transport.send(request)
            budget.end(response)
            return response
        } catch {
            budget.end(nil)
            throw error
        }
    }

    /// A stream is one request, and does not count as unanswered while it is open.
    package func stream(_ request: HTTPRequest) -> AsyncThrowingStream<[UInt8], any Error> { transport.stream(request) }
}
