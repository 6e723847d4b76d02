/// How many requests one endpoint may have open at once: a number that its answers raise and lower.
///
/// It begins with one, and doubles with each round of answers. When the endpoint is slow or refuses an event, it is
/// halved; when the endpoint does not answer, it is one again. From half of where that happened on, it grows by one a
/// round: additive increase and multiplicative decrease, as in TCP's congestion control (RFC 5681).
struct DeliveryWindow: Hashable, Sendable {
    /// How an endpoint answers a request.
    enum Answer: Hashable, Sendable, CaseIterable {
        /// It takes the event within ``DeliveryWindow/patience``.
        case quick
        /// It takes the event later than that.
        case slow
        /// It answers that it does not take the event.
        case refusal
        /// It does not answer.
        case silence
    }

    /// The most requests of one endpoint at once.
    static let most = 128
    /// A later answer is slow.
    static let patience = Duration.seconds(5)

    /// The most requests at the moment.
    private(set) var size = 1
    /// The last answer; nil before the first one.
    private(set) var last: Answer?
    /// The number of times that it was lowered: requests from before tell nothing about its present size.
    private(set) var round = 0
    /// Up to this size it doubles with each round.
    private var threshold = most
    /// The good answers since it last grew by one.
    private var credit = 0

    /// Whether the endpoint has so far done nothing but fail.
    var isDown: Bool { size == 1 && (last == .refusal || last == .silence) }

    /// Follows from an answer.
    ///
    /// - Parameters:
    ///   - answer: the answer.
    ///   - round: the ``round`` in which its request began.
    ///   - isFull: whether all requests that it allows were open: an endpoint that is sent little proves little.
    mutating func note(_ answer: Answer, begunIn round: Int, isFull: Bool) {
        last = answer
        guard round == self.round else { return }
        switch answer {
        case .quick: if isFull { grow() }
        case .slow, .refusal: shrink(to: size / 2)
        case .silence: shrink(to: 1)
        }
    }

    private mutating func grow() {
        guard size < Self.most else { return }
        credit += 1
        guard size < threshold || credit >= size else { return }
        size += 1
        credit = 0
    }

    private mutating func shrink(to lower: Int) {
        threshold = max(1, size / 2)
        size = max(1, lower)
        credit = 0
        round += 1
    }
}
