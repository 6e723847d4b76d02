import Payments
import Storage

/// Chooses the endpoints that get the next requests, so that no merchant's servers keep another's events waiting.
///
/// Its unit is one request. An endpoint has at most as many open as its ``DeliveryWindow`` allows, and one when its
/// merchant asked for that. Endpoints that answer share three quarters of all requests. Those that fail, or were not
/// heard of yet, share the rest, because an endpoint that hangs keeps its connection until the timeout. Within a share, a
/// merchant has at most as many requests open as are still free: one merchant alone has half of it, two have a third
/// each, and there is room for one more. An endpoint that was sent nothing yet needs no place in its share when its
/// merchant has no other such request open.
struct DeliveryTurns {
    /// How well an endpoint is known.
    enum Standing: Hashable, Sendable {
        /// It answers.
        case proven
        /// It was sent nothing yet.
        case untried
        /// It fails.
        case failing
    }

    /// A request that was begun.
    struct Ticket: Hashable, Sendable {
        let endpoint: WebhookEndpointID
        /// The endpoint's standing when it began, which says to which share it belongs until it ends.
        let standing: Standing
        /// The round of the endpoint's window in which it began.
        let round: Int
    }

    /// The most requests of one merchant to endpoints that fail, or were not heard of yet.
    static let unprovenPerMerchant = 8
    /// The most requests of one merchant to endpoints that fail.
    static let failingPerMerchant = 4
    /// The most endpoints without open requests whose windows are remembered.
    private static let remembered = 10_000

    /// The most requests in all.
    let limit: Int

    /// An endpoint and its open requests.
    private struct Line {
        let merchant: MerchantID
        /// Whether its attempts had failed when it was first seen.
        let hasFailed: Bool
        var isOrdered = false
        var window = DeliveryWindow()
        var open = 0

        var most: Int { isOrdered ? 1 : window.size }

        var standing: Standing {
            if window.isDown { return .failing }
            if window.last != nil { return .proven }
            return hasFailed ? .failing : .untried
        }
    }

    /// Numbers of open requests.
    private struct Count {
        var proven = 0
        var untried = 0
        var failing = 0

        var unproven: Int { untried + failing }
        var all: Int { proven + unproven }

        mutating func add(_ number: Int, _ standing: Standing) {
            switch standing {
            case .proven: proven += number
            case .untried: untried += number
            case .failing: failing += number
            }
        }
    }

    private var lines: [WebhookEndpointID: Line] = [:]
    private var total = Count()
    private var merchants: [MerchantID: Count] = [:]

    init(limit: Int) { self.limit = max(2, limit) }

    /// The most requests to endpoints that fail or were not heard of yet.
    private var unprovenLimit: Int { max(1, limit / 4) }

    /// Chooses the endpoints that begin a request now, each as often as it begins one, and counts the requests.
    ///
    /// - Parameter waiting: the endpoints with something to send, the longest wait first, and how much each has.
    /// - Returns: the requests, in the order in which they begin.
    mutating func begin(among waiting: [(endpoint: DueEndpoint, count: Int)]) -> [Ticket] {
        var begun: [Ticket] = []
        var rest = waiting
        for (due, _) in rest where lines[due.endpoint] == nil {
            lines[due.endpoint] = Line(merchant: due.merchant, hasFailed: due.isFailing)
        }
        while let next = rest.indices.filter({ mayBegin(rest[$0].endpoint.endpoint) }).min(by: { first, second in
            rank(rest[first].endpoint.endpoint) < rank(rest[second].endpoint.endpoint)
        }) {
            if let ticket = ticket(for: rest[next].endpoint.endpoint) { begun.append(ticket) }
            rest[next].count -= 1
            if rest[next].count < 1 { rest.remove(at: next) }
        }
        return begun
    }

    private mutating func ticket(for id: WebhookEndpointID) -> Ticket? {
        guard let line = lines[id] else { return nil }
        lines[id]?.open += 1
        total.add(1, line.standing)
        merchants[line.merchant, default: Count()].add(1, line.standing)
        return Ticket(endpoint: id, standing: line.standing, round: line.window.round)
    }

    /// Ends a request.
    ///
    /// - Parameters:
    ///   - ticket: the request.
    ///   - answer: the endpoint's answer; nil when the request was not sent.
    mutating func end(_ ticket: Ticket, _ answer: DeliveryWindow.Answer?) {
        guard var line = lines[ticket.endpoint] else { return }
        if let answer { line.window.note(answer, begunIn: ticket.round, isFull: line.open >= line.most) }
        line.open -= 1
        lines[ticket.endpoint] = lines.count > Self.remembered && line.open == 0 ? nil : line
        total.add(-1, ticket.standing)
        merchants[line.merchant]?.add(-1, ticket.standing)
        if merchants[line.merchant]?.all == 0 { merchants[line.merchant] = nil }
    }

    /// Notes whether an endpoint wants one request at a time.
    mutating func note(_ id: WebhookEndpointID, isOrdered: Bool) { lines[id]?.isOrdered = isOrdered }

    /// How many requests an endpoint may have open.
    func size(of id: WebhookEndpointID) -> Int { lines[id]?.most ?? 1 }

    /// Whether an endpoint may have more requests open than it has.
    func hasRoom(for id: WebhookEndpointID) -> Bool { lines[id].map { $0.open < $0.most } ?? true }

    /// How well an endpoint is known.
    func standing(of id: WebhookEndpointID) -> Standing { lines[id]?.standing ?? .untried }

    private func mayBegin(_ id: WebhookEndpointID) -> Bool {
        guard let line = lines[id], line.open < line.most else { return false }
        let own = merchants[line.merchant] ?? Count()
        guard total.all < limit else { return false }
        guard line.standing != .proven else { return own.proven < limit - unprovenLimit - total.proven }
        // Its first request shows whether an endpoint answers; many merchants' that hang must not keep it waiting.
        if line.standing == .untried, own.unproven == 0 { return true }
        guard own.unproven < min(Self.unprovenPerMerchant, unprovenLimit - total.unproven) else { return false }
        return line.standing == .untried || own.failing < Self.failingPerMerchant
    }

    /// Endpoints that fail come last; then merchants with fewer open requests come first, and their endpoints with
    /// fewer.
    private func rank(_ id: WebhookEndpointID) -> (Int, Int, Int) {
        guard let line = lines[id] else { return (0, 0, 0) }
        return (line.standing == .failing ? 1 : 0, merchants[line.merchant]?.all ?? 0, line.open)
    }
}
