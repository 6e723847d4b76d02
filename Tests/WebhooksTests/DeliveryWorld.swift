import Cryptography
import DatabaseEngines
import HTTPMessages
import Logging
import Payments
import Records
import Seams
import Storage
import Synchronization

@testable import Webhooks

/// Two gateways that send events, servers with random answers, and a plain model of the events that each endpoint has
/// to get.
///
/// What a gateway's plan wants done is done in a random order, one thing at a time: the seed decides which of the open
/// requests is answered next, and where a gateway dies or stands still.
final class DeliveryWorld: HTTPTransport {
    /// The model of an endpoint.
    struct Endpoint {
        let id: WebhookEndpointID
        let merchant: Int
        let types: [String]
        let isOrdered: Bool
        var isOn = true
        var isGone = false
        /// The events since it was added, by number.
        var expected: [Int] = []
        /// The events sent to it, by number, in the order of first attempts, and the accepted ones.
        var sent: [Int] = []
        var taken: Set<Int> = []
        /// How often events may be sent once more: an attempt failed, its worker died or stood still, or the merchant
        /// asked.
        var excused: [Int: Int] = [:]
        /// Events sent only because the merchant asked for them: they have no place in the order.
        var asked: Set<Int> = []
    }

    struct State {
        var endpoints: [Endpoint] = []
        var events: [(merchant: Int, type: String)] = []
        var violations: [String] = []
        var gateways = [Gateway(), Gateway()]
        /// The gateway that does something at the moment.
        var current = 0
        var isCalm = false
    }

    /// An event and an endpoint.
    struct Sent: Hashable {
        let endpoint: Int
        let event: Int
    }

    /// A gateway: its plan, what it is still to do, and what it is still to be told.
    struct Gateway {
        var plan = DeliveryPlan(limit: 24)
        var work: [DeliveryPlan.Work] = []
        var news: [DeliveryPlan.News] = []
        /// The events that were sent and whose outcome is not stored.
        var unstored: Set<Sent> = []
        /// The events that are to be sent in turns that it has lost.
        var stray: Set<Sent> = []

        var isIdle: Bool { work.isEmpty && news.isEmpty }

        /// The events that are to be sent, or were sent and are not stored.
        var open: Set<Sent> {
            work.reduce(into: unstored) { open, work in
                if case .send(let begun, _) = work { open.insert(Sent(begun)) }
            }
        }
    }

    static let types = ["invoice.created", "invoice.settled", "case.opened"]
    static let merchants = 3

    let state = Mutex(State())
    let clock = ManualClock(Timestamp(seconds: 1_000_000))
    let database: any Database
    let random: SeededRandom
    private let stopping: StoppingDatabase
    let secrets: EndpointSecrets

    init(on engine: Engine, seed: UInt64) async throws {
        database = try engine.open()
        random = SeededRandom(seed: seed)
        stopping = StoppingDatabase(database)
        secrets = EndpointSecrets(key: SecretBytes([UInt8](repeating: 1, count: 32)), random: SeededRandom(seed: 1))
        let now = clock.now()
        try await database.write { session in
            for number in 0..<Self.merchants {
                let id = MerchantID(value: UInt128(number))
                try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 0, createdAt: now))
            }
        }
        stopping.decide { [weak self] in self?.fate() ?? .done }
    }

    func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// What a gateway does its work with; it has no memory.
    var worker: DeliveryWorker {
        DeliveryWorker(
            database: stopping,
            transport: self,
            secrets: secrets,
            clock: clock,
            random: random,
            tell: { [weak self] endpoint, _ in self?.noteSwitchedOff(endpoint.id) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    // MARK: - Faults and answers

    private func fate() -> StoppingDatabase.Fate {
        guard !state.withLock({ $0.isCalm }) else { return .done }
        return [0: .lost, 1: .unanswered][below(40)] ?? .done
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        guard let endpoint = Int(request.url.dropFirst("https://".count).dropLast(".example/".count)),
            let id = request.field("webhook-id").flatMap({ try? EventID($0) })
        else { throw HTTPTransportError(.timedOut, "nobody is there") }
        let event = Int(id.value)
        note(event, sentTo: endpoint)
        state.withLock { _ = $0.gateways[$0.current].unstored.insert(Sent(endpoint: endpoint, event: event)) }
        let choice = state.withLock { $0.isCalm } ? 100 : below(30)
        switch choice {
        case 0...3: return refused(event, by: endpoint, 500)
        case 4 where below(6) == 0: return refused(event, by: endpoint, 410)
        case 5:
            _ = refused(event, by: endpoint, 500)
            throw HTTPTransportError(.timedOut, "it hangs")
        default: break
        }
        state.withLock { _ = $0.endpoints[endpoint].taken.insert(event) }
        return HTTPResponse(status: 204)
    }

    private func refused(_ event: Int, by endpoint: Int, _ status: Int) -> HTTPResponse {
        state.withLock { $0.endpoints[endpoint].excused[event, default: 0] += 1 }
        return HTTPResponse(status: status)
    }

    /// Advances the clock; a gateway may lose its turns by that while it stands still.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        state.withLock { state in
            for sent in state.gateways.flatMap(\.open) {
                state.endpoints[sent.endpoint].excused[sent.event, default: 0] += 1
            }
        }
    }

    /// Compares a request with the model.
    private func note(_ event: Int, sentTo number: Int) {
        state.withLock { state in
            let (endpoint, merchant) = (state.endpoints[number], state.events[event].merchant)
            func violate(_ sentence: String) {
                state.violations.append("event \(event) at endpoint \(number): \(sentence)")
            }
            if merchant != endpoint.merchant { violate("it is another merchant's") }
            if !endpoint.expected.contains(event), !endpoint.asked.contains(event) { violate("nobody wants it") }
            if endpoint.sent.contains(event) {
                let rest = (endpoint.excused[event] ?? 0) - 1
                if rest < 0 { violate("it was sent twice") }
                state.endpoints[number].excused[event] = max(0, rest)
            } else {
                let last = endpoint.sent.last { !endpoint.asked.contains($0) } ?? -1
                let hasPlace = endpoint.isOrdered && !endpoint.asked.contains(event)
                if hasPlace, event < last { violate("it comes after \(last)") }
                state.endpoints[number].sent.append(event)
            }
        }
    }

    private func noteSwitchedOff(_ id: WebhookEndpointID) {
        state.withLock { state in
            guard let index = state.endpoints.firstIndex(where: { $0.id == id }) else { return }
            state.endpoints[index].isOn = false
        }
    }
}

extension DeliveryWorld.Sent {
    init(_ begun: DeliveryPlan.Begun) { self.init(begun.endpoint, begun.delivery.event) }

    init(_ endpoint: WebhookEndpointID, _ event: EventID) {
        self.init(endpoint: Int(endpoint.value), event: Int(event.value))
    }
}
