/// How long a server waits for the other side of a connection, as a pure machine: moments in, a deadline out.
///
/// The limits are deadlines and not idle times: a client that sends a byte now and then is slow all the same.
struct ConnectionDeadlines {
    /// The limits.
    struct Limits: Hashable, Sendable {
        /// How long a whole head may take on a new connection.
        var firstHead = Duration.seconds(10)
        /// How long a connection may take to send its next request's head, idle time included.
        var nextHead = Duration.seconds(60)
        /// How long a body may take, whatever its size.
        var body = Duration.seconds(10)
        /// How many bytes of a body extend its deadline by a second.
        var bytesPerSecond = 4_096
        /// How long the rest of a body is read after its request was answered.
        var unreadBody = Duration.seconds(5)
        /// How long the other side may take no bytes of what is sent to it.
        var stuckWriting = Duration.seconds(30)
        /// The most requests on a connection that may wait for their answers.
        ///
        /// A request of 40 bytes takes some kilobytes once it is read, and answers wait until the other side takes
        /// them.
        var pipelinedRequests = 16
    }

    private enum Reading {
        case head
        case body(since: Duration, bytes: Int)
    }

    private let limits: Limits
    private var reading = Reading.head
    private var unanswered = 0
    private var waitingUntil: Duration?
    private var stuckUntil: Duration?

    /// A connection that was opened at a moment of a monotonic clock.
    init(_ limits: Limits, openedAt now: Duration) {
        self.limits = limits
        waitingUntil = now + limits.firstHead
    }

    /// When to close the connection if nothing arrives until then; nil while it is the server's turn.
    var deadline: Duration? {
        switch (waitingUntil, stuckUntil) {
        case (let one?, let other?): min(one, other)
        case (let one, let other): one ?? other
        }
    }

    /// Whether too many requests wait for their answers, so that the connection is to be closed at once.
    var isFlooded: Bool { unanswered > limits.pipelinedRequests }

    /// Whether no request is under way.
    var isIdle: Bool {
        if case .head = reading { return unanswered == 0 }
        return false
    }

    mutating func readHead(at now: Duration) {
        unanswered += 1
        reading = .body(since: now, bytes: 0)
        waitingUntil = now + limits.body
    }

    mutating func readBody(_ count: Int) {
        guard case .body(let since, let bytes) = reading, unanswered > 0 else { return }
        reading = .body(since: since, bytes: bytes + count)
        waitingUntil = since + limits.body + .seconds(1) * ((bytes + count) / limits.bytesPerSecond)
    }

    mutating func readEnd(at now: Duration) {
        reading = .head
        waitingUntil = unanswered == 0 ? now + limits.nextHead : nil
    }

    mutating func wroteEnd(at now: Duration) {
        unanswered = max(0, unanswered - 1)
        guard unanswered == 0 else { return }
        if case .body = reading { waitingUntil = now + limits.unreadBody } else { waitingUntil = now + limits.nextHead }
    }

    mutating func writes(areTaken: Bool, at now: Duration) {
        stuckUntil = areTaken ? nil : stuckUntil ?? now + limits.stuckWriting
    }
}
