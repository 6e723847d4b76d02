import Payments
import Records
import Seams
import Storage

/// An attempt to deliver an event, and what is to be concluded from it.
struct DeliveryOutcome: Sendable {
    /// The attempt.
    let attempt: DeliveryAttempt
    /// How long the receiver asks to wait.
    var retryAfter: Duration?
    /// Whether a request was sent.
    var wasSent = false

    /// Whether the endpoint took the event.
    var isTaken: Bool { attempt.status.map { (200..<300).contains($0) } ?? false }

    /// What it says about the endpoint; nil when nothing was sent.
    var answer: DeliveryWindow.Answer? {
        guard wasSent else { return nil }
        guard attempt.status != nil else { return .silence }
        guard isTaken else { return .refusal }
        return attempt.duration > DeliveryWindow.patience ? .slow : .quick
    }
}

/// How far a worker's turn at an endpoint has come: what is still to be sent, what is under way, and what came back and
/// is not stored yet.
struct TurnProgress: Sendable {
    /// Outcomes that wait to be stored, with their deliveries.
    typealias Ended = (delivery: DueDelivery, outcome: DeliveryOutcome)

    /// The turn, with the endpoint as it was when it was last read.
    private(set) var turn: EndpointTurn
    /// Until when the turn is the worker's.
    private(set) var end: Timestamp
    /// The deliveries that were not begun, in their order.
    private(set) var waiting: ArraySlice<DueDelivery>
    /// The deliveries whose requests are open.
    private var open: [EventID: DueDelivery] = [:]
    /// The outcomes that are not stored, and not being stored.
    private var ended: [Ended] = []
    /// Whether a report is being stored, and until when the turn is the worker's after it, if it goes on.
    private var storing: (isUnderWay: Bool, end: Timestamp?) = (false, nil)
    /// Whether nothing more is begun.
    private(set) var isClosing = false
    /// The deliveries that could not be begun: they are due again when the turn has run out.
    private var unreadable: [DueDelivery] = []

    /// The beginning of a turn.
    init(_ turn: EndpointTurn, until end: Timestamp) {
        self.turn = turn
        self.end = end
        waiting = turn.deliveries[...]
    }

    /// Whether the next delivery may begin at a moment: its attempt has to end within the turn.
    ///
    /// Where order matters, what became of the delivery before has to be stored.
    func mayBegin(at moment: Timestamp, lasting timeout: Duration) -> Bool {
        guard !isClosing, !waiting.isEmpty, moment.advanced(by: timeout) <= end else { return false }
        return !turn.endpoint.isOrdered || (open.isEmpty && ended.isEmpty && !storing.isUnderWay)
    }

    /// Begins the next delivery.
    mutating func begin() -> DueDelivery? {
        guard let next = waiting.popFirst() else { return nil }
        open[next.event] = next
        return next
    }

    /// Ends a delivery.
    mutating func end(_ event: EventID, _ outcome: DeliveryOutcome) {
        guard let delivery = open.removeValue(forKey: event) else { return }
        ended.append((delivery, outcome))
    }

    /// Begins nothing more; the turn ends when everything that is open has come back.
    mutating func close() { isClosing = true }

    /// Begins nothing more, because the database or a secret cannot be read; the turn ends with its time.
    mutating func giveUp(_ event: EventID) {
        guard let delivery = open.removeValue(forKey: event) else { return }
        unreadable.append(delivery)
        isClosing = true
    }

    /// Whether something is to be stored now.
    ///
    /// Outcomes are stored when as many have come as half of the requests that are still open: a unit of work each time
    /// would cost as much as the requests. With nothing open, the turn is continued, prolonged or ended.
    func isToBeStored(at moment: Timestamp, lasting timeout: Duration) -> Bool {
        guard !storing.isUnderWay else { return false }
        if !ended.isEmpty { return ended.count * 2 >= open.count }
        return open.isEmpty && (isClosing || waiting.isEmpty || moment.advanced(by: timeout) > end)
    }

    /// Begins to store what has come back.
    ///
    /// - Parameters:
    ///   - moment: the current moment.
    ///   - end: until when the turn goes on, if it does.
    ///   - size: how many requests the endpoint may have open.
    /// - Returns: the report without results, and the outcomes that its results are made of.
    mutating func store(at moment: Timestamp, until end: Timestamp, size: Int) -> (TurnReport, [Ended]) {
        let stored = ended
        ended = []
        let goesOn = !isClosing || !open.isEmpty
        // Until the report is stored, the turn may end as it would have.
        storing = (true, goesOn ? end : nil)
        let report = TurnReport(
            turn: turn,
            open: open.values + unreadable,
            waiting: Array(waiting),
            moment: moment,
            end: goesOn ? end : unreadable.isEmpty ? nil : self.end,
            limit: isClosing || waiting.count >= size ? 0 : Self.reading(for: size) - waiting.count
        )
        return (report, stored)
    }

    /// The last report of a worker that stops: what is open may have been taken or not, and is due again at once.
    ///
    /// - Returns: the report without results, and the outcomes that its results are made of; nil when the fate of an
    ///   earlier report is unknown: the turn ends with its time then.
    mutating func leave(at moment: Timestamp) -> (TurnReport, [Ended])? {
        guard !storing.isUnderWay else { return nil }
        close()
        var (report, stored) = store(at: moment, until: moment, size: 1)
        report.end = nil
        return (report, stored)
    }

    /// How many deliveries are read for an endpoint that may have so many requests open.
    static func reading(for size: Int) -> Int { max(20, 2 * size) }

    /// Follows from a report that was stored.
    ///
    /// - Returns: whether the turn goes on.
    mutating func follow(_ step: TurnStep) -> Bool {
        end = storing.end ?? end
        storing = (false, nil)
        // A delivery that others have overtaken has a retry of its own from now on.
        for delivery in step.open {
            if open[delivery.event] != nil {
                open[delivery.event] = delivery
            } else if let index = ended.firstIndex(where: { $0.delivery.event == delivery.event }) {
                ended[index].delivery = delivery
            }
        }
        turn = step.turn
        // What an endpoint that was switched off was not sent yet stays due in the outbox.
        if turn.endpoint.disabledAt != nil {
            close()
            waiting = []
        }
        if !isClosing { waiting += turn.deliveries }
        let isLeft = isClosing && open.isEmpty && ended.isEmpty && !unreadable.isEmpty
        return !step.isOver && !isLeft
    }
}
