import Payments
import Records
import Seams
import Storage

/// What a worker does next: it is told what has happened, and answers with what is to be done.
///
/// It holds no connection and no clock. An endpoint that has something due gets a turn; within the turn its deliveries
/// begin as ``DeliveryTurns`` allows, and their outcomes are stored many at once.
struct DeliveryPlan {
    /// What has happened.
    enum News: Sendable {
        /// The outbox was read: these endpoints have something due, and nobody has a turn at them.
        case due([DueEndpoint])
        /// A turn was taken, until a moment; nil when somebody else has it.
        case opened(DueEndpoint, EndpointTurn?, until: Timestamp)
        /// A delivery has ended; nil when its worker stops.
        case ended(Begun, DeliveryOutcome?)
        /// A delivery could not be begun.
        case unreadable(Begun)
        /// A report was stored, with how the turn goes on; nil when it is somebody else's, or the database failed.
        case stored(WebhookEndpointID, TurnStep?, taken: Int)
    }

    /// What is to be done.
    enum Work: Sendable {
        /// Take a turn, with at most so many deliveries.
        case open(DueEndpoint, limit: Int)
        /// Send an event.
        case send(Begun, to: WebhookEndpointRecord)
        /// Store a report, whose results are made of these outcomes.
        case store(TurnReport, [TurnProgress.Ended])
    }

    /// A delivery that was begun.
    struct Begun: Sendable {
        let delivery: DueDelivery
        let endpoint: WebhookEndpointID
        /// The number of the turn in which it was begun; afterwards it only counts for the endpoint's window.
        let turn: Int
        let ticket: DeliveryTurns.Ticket
    }

    /// How long an endpoint may take to answer.
    static let timeout = Duration.seconds(15)
    /// How long a worker's turn at an endpoint lasts; each report begins it anew.
    static let lease = Duration.seconds(60)

    /// An endpoint that gets events, or is about to.
    private struct Place {
        let due: DueEndpoint
        let number: Int
        /// The first request, which waits for the turn.
        let first: DeliveryTurns.Ticket
        /// Nil while the turn is being taken.
        var progress: TurnProgress?
    }

    private var turns: DeliveryTurns
    private var places: [WebhookEndpointID: Place] = [:]
    /// The endpoints with turns, in the order in which these began.
    private var order: [WebhookEndpointID] = []
    /// The endpoints that have something due and no turn yet, the longest wait first.
    private var due: [DueEndpoint] = []
    private var lastNumber = 0
    private var isStopping = false
    /// How many events were taken and stored.
    private(set) var taken = 0

    /// A plan for at most so many requests at once.
    init(limit: Int) { turns = DeliveryTurns(limit: limit) }

    /// Whether nothing is left to do.
    var isIdle: Bool { places.isEmpty && due.isEmpty }

    /// Begins nothing more, because the worker stops.
    mutating func stop() { isStopping = true }

    /// Follows from what has happened.
    ///
    /// - Returns: what is to be done now, in this order.
    mutating func follow(_ news: News, at now: Timestamp) -> [Work] {
        var work: [Work] = []
        var touched: [WebhookEndpointID] = []
        let turnsBefore = places.count
        var looks = false
        switch news {
        case .due(let found):
            due = found.filter { places[$0.endpoint] == nil }
            looks = true
            touched = order
        case .opened(let endpoint, let turn, let end):
            work += open(endpoint, turn, until: end, at: now)
            touched = [endpoint.endpoint]
        case .ended(let begun, let outcome):
            end(begun, outcome)
            touched = [begun.endpoint]
        case .unreadable(let begun):
            turns.end(begun.ticket, nil)
            if isCurrent(begun) { places[begun.endpoint]?.progress?.giveUp(begun.delivery.event) }
            touched = [begun.endpoint]
        case .stored(let id, let step, let count):
            if step != nil { taken += count }
            follow(id, step)
            touched = [id]
        }
        guard !isStopping else { return [] }
        // Endpoints without a turn are looked at when there is news of them, or room for one.
        work += begin(looks || places.count < turnsBefore ? due : [], at: now)
        for id in touched { work += store(id, at: now) }
        return work
    }

    /// The last reports of a worker that stops.
    mutating func leave(at now: Timestamp) -> [(TurnReport, [TurnProgress.Ended])] {
        defer { places = [:] }
        return order.compactMap { id in places[id]?.progress?.leave(at: now) }
    }

    /// Begins the requests that may begin now: first those of new turns, whose first request waits for the turn.
    private mutating func begin(_ due: [DueEndpoint], at now: Timestamp) -> [Work] {
        let open = order.compactMap { id -> (endpoint: DueEndpoint, count: Int)? in
            guard turns.hasRoom(for: id), let place = places[id],
                place.progress?.mayBegin(at: now, lasting: Self.timeout) == true
            else { return nil }
            return (place.due, place.progress?.waiting.count ?? 0)
        }
        let chosen = turns.begin(among: due.map { ($0, 1) } + open)
        return chosen.compactMap { ticket in
            let id = ticket.endpoint
            guard let endpoint = due.first(where: { $0.endpoint == id }) else { return send(ticket) }
            self.due.removeAll { $0.endpoint == id }
            lastNumber += 1
            places[id] = Place(due: endpoint, number: lastNumber, first: ticket)
            order.append(id)
            return .open(endpoint, limit: TurnProgress.reading(for: turns.size(of: id)))
        }
    }

    /// Sends the next delivery of a turn, whose request is counted already.
    private mutating func send(_ ticket: DeliveryTurns.Ticket) -> Work? {
        let id = ticket.endpoint
        guard let number = places[id]?.number, let next = places[id]?.progress?.begin(),
            let endpoint = places[id]?.progress?.turn.endpoint
        else { return nil }
        return .send(Begun(delivery: next, endpoint: id, turn: number, ticket: ticket), to: endpoint)
    }

    /// Begins a turn that was taken, with the request that was counted when it was chosen.
    private mutating func open(
        _ due: DueEndpoint,
        _ turn: EndpointTurn?,
        until end: Timestamp,
        at now: Timestamp
    ) -> [Work] {
        let id = due.endpoint
        guard let first = places[id]?.first else { return [] }
        guard let turn, !turn.deliveries.isEmpty || turn.hasMore else {
            turns.end(first, nil)
            forget(id)
            return []
        }
        guard !turn.deliveries.isEmpty else { return [.open(due, limit: TurnProgress.reading(for: 1))] }
        turns.note(id, isOrdered: turn.endpoint.isOrdered)
        let progress = TurnProgress(turn, until: end)
        places[id]?.progress = progress
        guard !isStopping else { return [] }
        // The process stood still since it took the turn, and somebody else may have it by now.
        guard progress.mayBegin(at: now, lasting: Self.timeout) else {
            turns.end(first, nil)
            return []
        }
        return send(first).map { [$0] } ?? []
    }

    private mutating func end(_ begun: Begun, _ outcome: DeliveryOutcome?) {
        turns.end(begun.ticket, outcome?.answer)
        guard let outcome, isCurrent(begun) else { return }
        places[begun.endpoint]?.progress?.end(begun.delivery.event, outcome)
        // An endpoint that fails is sent more after the next look at the outbox, and not at once.
        if outcome.wasSent, !outcome.isTaken, turns.standing(of: begun.endpoint) == .failing {
            places[begun.endpoint]?.progress?.close()
        }
    }

    private mutating func follow(_ id: WebhookEndpointID, _ step: TurnStep?) {
        guard let step, places[id]?.progress?.follow(step) == true else { return forget(id) }
        turns.note(id, isOrdered: step.turn.endpoint.isOrdered)
    }

    /// Stores what has come back from an endpoint, if that is due.
    private mutating func store(_ id: WebhookEndpointID, at now: Timestamp) -> [Work] {
        guard places[id]?.progress?.isToBeStored(at: now, lasting: Self.timeout) == true else { return [] }
        let end = now.advanced(by: Self.lease)
        let made = places[id]?.progress?.store(at: now, until: end, size: turns.size(of: id))
        return made.map { [.store($0.0, $0.1)] } ?? []
    }

    /// Whether the turn in which a delivery was begun still lasts.
    private func isCurrent(_ begun: Begun) -> Bool { places[begun.endpoint]?.number == begun.turn }

    private mutating func forget(_ id: WebhookEndpointID) {
        places[id] = nil
        order.removeAll { $0 == id }
    }
}
