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
final class DeliveryWorld: HTTPTransport {
    /// The model of an endpoint.
    struct Endpoint {
        let id: WebhookEndpointID
        let merchant: Int
        let types: [String]
        var isOn = true
        var isGone = false
        /// Whether it was ever switched off: events that waited then may never be sent.
        var wasOff = false
        /// The events since it was added, by number.
        var expected: [Int] = []
        /// The events sent to it, by number, in the order of first attempts, and the accepted ones.
        var sent: [Int] = []
        var taken: Set<Int> = []
        /// Events that may be sent once more: an attempt failed, its worker died or stood still, or the merchant asked.
        var excused: Set<Int> = []
        /// Events sent only because the merchant asked for them: they have no place in the order.
        var asked: Set<Int> = []
    }

    struct State {
        var endpoints: [Endpoint] = []
        var events: [(merchant: Int, type: String)] = []
        var violations: [String] = []
        /// The accepted delivery that is not stored yet.
        var inFlight: (endpoint: Int, event: Int)?
        /// Requests that servers have not answered yet.
        var open: [(endpoint: Int, event: Int)] = []
        var isCalm = false
    }

    static let types = ["invoice.created", "invoice.settled", "case.opened"]
    static let merchants = 3

    let state = Mutex(State())
    let clock = ManualClock(Timestamp(seconds: 1_000_000))
    let database: any Database
    let random: SeededRandom
    private let stopping: StoppingDatabase
    private let secrets: EndpointSecrets

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

    /// A new worker of one of the gateways, without memory of earlier ones.
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
        let choice = below(25)
        return state.withLock { state in
            if state.isCalm || choice > 1 {
                state.inFlight = nil
                return .done
            }
            // A delivery that was not stored is sent again.
            if choice == 0, let (endpoint, event) = state.inFlight { state.endpoints[endpoint].excused.insert(event) }
            state.inFlight = nil
            return choice == 0 ? .lost : .unanswered
        }
    }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        guard let endpoint = Int(request.url.dropFirst("https://".count).dropLast(".example/".count)),
            let id = request.field("webhook-id").flatMap({ try? EventID($0) })
        else { throw HTTPTransportError(.timedOut, "nobody is there") }
        let event = Int(id.value)
        note(event, sentTo: endpoint)
        state.withLock { $0.open.append((endpoint, event)) }
        defer { state.withLock { _ = $0.open.popLast() } }
        let choice = state.withLock { $0.isCalm } ? 100 : below(20)
        switch choice {
        case 0...2: return refused(event, by: endpoint, 500)
        case 3 where below(4) == 0: return refused(event, by: endpoint, 410)
        case 4:
            _ = refused(event, by: endpoint, 500)
            throw HTTPTransportError(.timedOut, "it hangs")
        case 5:
            _ = state.withLock { $0.endpoints[endpoint].taken.remove(event) }
            await standStill(at: endpoint)
            // A delivery by the other gateway meanwhile counts, whatever this one is answered.
            let isTold = state.withLock { $0.endpoints[endpoint].taken.contains(event) }
            if isTold { return HTTPResponse(status: 500) }
        case 6: try? await act()
        default: break
        }
        state.withLock { state in
            state.endpoints[endpoint].taken.insert(event)
            state.inFlight = (endpoint, event)
        }
        return HTTPResponse(status: 204)
    }

    private func refused(_ event: Int, by endpoint: Int, _ status: Int) -> HTTPResponse {
        state.withLock { state in
            state.endpoints[endpoint].excused.insert(event)
            state.inFlight = nil
        }
        return HTTPResponse(status: status)
    }

    /// Stops the worker for longer than its turn; the other gateway goes on.
    private func standStill(at endpoint: Int) async {
        advance(by: .seconds(61))
        guard state.withLock({ $0.open.count <= 2 }) else { return }
        await worker.deliver(
            to: state.withLock { state in
                let stored = state.endpoints[endpoint]
                return DueEndpoint(
                    endpoint: stored.id,
                    merchant: MerchantID(value: UInt128(stored.merchant)),
                    isFailing: false
                )
            }
        )
    }

    /// Advances the clock; a worker that waits for an answer may lose its turn by that.
    private func advance(by duration: Duration) {
        clock.advance(by: duration)
        state.withLock { state in
            for (endpoint, event) in state.open { state.endpoints[endpoint].excused.insert(event) }
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
                if state.endpoints[number].excused.remove(event) == nil { violate("it was sent twice") }
            } else {
                let last = endpoint.sent.last { !endpoint.asked.contains($0) } ?? -1
                if !endpoint.asked.contains(event), event < last { violate("it comes after \(last)") }
                state.endpoints[number].sent.append(event)
            }
        }
    }

    private func noteSwitchedOff(_ id: WebhookEndpointID) {
        state.withLock { state in
            guard let index = state.endpoints.firstIndex(where: { $0.id == id }) else { return }
            (state.endpoints[index].isOn, state.endpoints[index].wasOff) = (false, true)
        }
    }

    // MARK: - Steps

    /// A random step of the merchants, the clock or the gateways.
    func act() async throws {
        switch below(20) {
        case 0...3: try await happen(1 + below(6))
        case 4: try await add()
        case 5: try await change { $0.isOn ? .off : nil }
        case 6...7: try await change { $0.isOn ? nil : .on }
        case 8 where below(3) == 0: try await change { _ in .gone }
        case 9: try await askForOne()
        case 10: try await askForAll()
        case 11...12: advance(by: .seconds([1, 6, 40, 3_600, 50_000][below(5)]))
        default: await tell()
        }
    }

    /// Delivers to one of the due endpoints.
    func tell() async {
        let now = clock.now()
        guard let due = try? await database.read({ try $0.endpointsDue(at: now) }), !due.isEmpty else { return }
        await worker.deliver(to: due[below(due.count)])
    }

    private func happen(_ count: Int) async throws {
        let now = clock.now()
        let merchant = below(Self.merchants)
        let made = (0..<count).map { _ in (merchant: merchant, type: Self.types[below(Self.types.count)]) }
        let first = state.withLock { $0.events.count }
        try await database.write { session in
            for (offset, event) in made.enumerated() {
                try session.append(
                    EventRecord(
                        id: EventID(value: UInt128(first + offset)),
                        merchant: MerchantID(value: UInt128(event.merchant)),
                        type: event.type,
                        subject: "s",
                        body: "{}",
                        createdAt: now
                    )
                )
            }
        }
        state.withLock { state in
            state.events += made
            for index in state.endpoints.indices where state.endpoints[index].isOn {
                let endpoint = state.endpoints[index]
                guard endpoint.merchant == merchant else { continue }
                state.endpoints[index].expected += made.indices.filter {
                    endpoint.types.isEmpty || endpoint.types.contains(made[$0].type)
                }.map { first + $0 }
            }
        }
    }

    private func add() async throws {
        let number = state.withLock { $0.endpoints.count }
        let (merchant, typeCount) = (below(Self.merchants), below(3))
        guard number < 9 else { return }
        let id = WebhookEndpointID(value: UInt128(number))
        let types = Array(Self.types.prefix(typeCount))
        let endpoint = WebhookEndpointRecord(
            id: id,
            merchant: MerchantID(value: UInt128(merchant)),
            url: "https://\(number).example/",
            sealedSecret: try secrets.seal(StandardWebhook.Secret(random: SeededRandom(seed: 3)), of: id),
            types: types,
            createdAt: clock.now()
        )
        try await database.write { try $0.insert(endpoint) }
        state.withLock { $0.endpoints.append(Endpoint(id: id, merchant: merchant, types: types)) }
    }

    private enum Change { case on, off, gone }

    private func change(_ choose: (Endpoint) -> Change?) async throws {
        let endpoints = state.withLock { $0.endpoints }
        guard !endpoints.isEmpty else { return }
        let index = below(endpoints.count)
        guard !endpoints[index].isGone, let change = choose(endpoints[index]) else { return }
        let (id, now) = (endpoints[index].id, clock.now())
        try await database.write { session in
            guard var stored = try session.endpoint(id) else { return }
            if change == .gone { return try session.delete(stored, at: now) }
            stored.disabledAt = change == .off ? now : nil
            try session.update(stored)
        }
        state.withLock { state in
            state.endpoints[index].isOn = change == .on
            if change != .on { state.endpoints[index].wasOff = true }
            if change == .gone { state.endpoints[index].isGone = true }
        }
    }

    private func askForOne() async throws {
        let count = state.withLock { $0.events.count }
        guard count > 0 else { return }
        let (event, now) = (below(count), clock.now())
        let (merchant, type) = state.withLock { $0.events[event] }
        try await database.write { session in
            for endpoint in try session.endpoints(of: MerchantID(value: UInt128(merchant)))
            where endpoint.disabledAt == nil {
                try session.deliver(EventID(value: UInt128(event)), of: type, to: endpoint, at: now)
            }
        }
        noteAsked { $0.merchant == merchant ? [event] : [] }
    }

    private func askForAll() async throws {
        let endpoints = state.withLock { $0.endpoints }
        guard !endpoints.isEmpty else { return }
        let index = below(endpoints.count)
        guard endpoints[index].isOn else { return }
        let (id, now) = (endpoints[index].id, clock.now())
        try await database.write { session in
            guard let endpoint = try session.endpoint(id) else { return }
            let span = (start: Timestamp(seconds: 0), end: now.advanced(by: .seconds(1)))
            _ = try session.redeliver(to: endpoint, from: span.start, until: span.end, limit: 1_000, at: now)
        }
        let events = state.withLock { $0.events }
        noteAsked { endpoint in
            guard endpoint.id == id else { return [] }
            return events.indices.filter { number in
                events[number].merchant == endpoint.merchant
                    && (endpoint.types.isEmpty || endpoint.types.contains(events[number].type))
            }
        }
    }

    /// Allows requested events once more; those that were never due, or were given up, have no place in the order.
    private func noteAsked(_ events: (Endpoint) -> [Int]) {
        state.withLock { state in
            for index in state.endpoints.indices where state.endpoints[index].isOn {
                for event in events(state.endpoints[index]) {
                    let endpoint = state.endpoints[index]
                    if endpoint.sent.contains(event) {
                        state.endpoints[index].excused.insert(event)
                    } else if !endpoint.expected.contains(event) || endpoint.wasOff {
                        state.endpoints[index].asked.insert(event)
                    }
                }
            }
        }
    }

    /// Delivers without faults until nothing is due.
    func calmDown() async throws {
        state.withLock { $0.isCalm = true }
        for _ in 0..<400 {
            clock.advance(by: .seconds(86_400))
            let now = clock.now()
            let due = try await database.read { try $0.endpointsDue(at: now) }
            if due.isEmpty, try await database.read({ try $0.outboxDepth() }) == 0 { return }
            for endpoint in due { await worker.deliver(to: endpoint) }
        }
    }
}
