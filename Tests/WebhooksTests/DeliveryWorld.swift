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
        /// Whether it was ever switched off: events that waited then may never be sent.
        var wasOff = false
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

    /// What a gateway does its work with; it has no memory.
    private var worker: DeliveryWorker {
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
    private func advance(by duration: Duration) {
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
                let hasPlace = endpoint.isOrdered && !endpoint.wasOff && !endpoint.asked.contains(event)
                if hasPlace, event < last { violate("it comes after \(last)") }
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
        case 0...3: try await happen(1 + below(20))
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

    /// Has one of the gateways do, or be told, a few things.
    private func tell() async {
        let number = below(2)
        switch below(60) {
        case 0: die(number)
        case 1: await leave(number)
        default: for _ in 0..<below(30) { await step(number) }
        }
    }

    /// Does one thing of those that a gateway is to do, or tells it one of those that have happened.
    private func step(_ number: Int) async {
        let now = clock.now()
        let isIdle = state.withLock { $0.gateways[number].isIdle }
        if isIdle || below(20) == 0 {
            guard let due = try? await database.read({ try $0.endpointsDue(at: now) }) else { return }
            state.withLock { $0.gateways[number].news.append(.due(due)) }
        }
        let choice = Int(random.next() >> 1)
        let work = state.withLock { state -> DeliveryPlan.Work? in
            state.current = number
            let (work, news) = (state.gateways[number].work, state.gateways[number].news)
            let index = choice % (work.count + news.count)
            guard index >= work.count else { return state.gateways[number].work.remove(at: index) }
            let told = state.gateways[number].news.remove(at: index - work.count)
            state.gateways[number].work += state.gateways[number].plan.follow(told, at: now)
            checkOrder(&state, of: number)
            return nil
        }
        if let work { await perform(work, by: number) }
    }

    private func perform(_ work: DeliveryPlan.Work, by number: Int) async {
        let news = await worker.perform(work)
        state.withLock { state in
            state.gateways[number].news.append(news)
            if case .send(let begun, _) = work, state.gateways[number].stray.remove(Sent(begun)) != nil {
                state.gateways[number].unstored.remove(Sent(begun))
            }
            guard case .store(_, let ended) = work, case .stored(let id, let step, _) = news else { return }
            guard step == nil else {
                for sent in ended { state.gateways[number].unstored.remove(Sent(id, sent.delivery.event)) }
                return
            }
            excuse(&state, number) { $0.endpoint == Int(id.value) }
            state.gateways[number].stray.formUnion(
                state.gateways[number].open.filter { $0.endpoint == Int(id.value) }
            )
        }
    }

    /// Where order matters, nothing is sent before what became of the event before is stored.
    private func checkOrder(_ state: inout State, of number: Int) {
        let sends = state.gateways[number].work.compactMap { work -> Sent? in
            guard case .send(let begun, _) = work else { return nil }
            return Sent(begun)
        }
        for (endpoint, open) in Dictionary(grouping: sends, by: \.endpoint) where state.endpoints[endpoint].isOrdered {
            let unstored = state.gateways[number].unstored.filter { $0.endpoint == endpoint }
            if open.count + unstored.count > 1 { state.violations.append("several at a time at endpoint \(endpoint)") }
        }
    }

    /// Events that a gateway had open may be sent once more.
    private func excuse(_ state: inout State, _ number: Int, where isMeant: (Sent) -> Bool = { _ in true }) {
        for sent in state.gateways[number].open.filter(isMeant) {
            state.endpoints[sent.endpoint].excused[sent.event, default: 0] += 1
            state.gateways[number].unstored.remove(sent)
        }
    }

    /// Ends a gateway without warning.
    private func die(_ number: Int) {
        state.withLock { state in
            excuse(&state, number)
            state.gateways[number] = Gateway()
        }
    }

    /// Stops a gateway: it is told what has happened, stores it and begins nothing more.
    private func leave(_ number: Int) async {
        let now = clock.now()
        let begun = state.withLock { state in
            defer { state.gateways[number].work.removeAll { !$0.isRequest } }
            state.current = number
            return state.gateways[number].work.filter { !$0.isRequest }
        }
        for work in begun { await perform(work, by: number) }
        let reports = state.withLock { state in
            state.gateways[number].plan.stop()
            for news in state.gateways[number].news { _ = state.gateways[number].plan.follow(news, at: now) }
            for case .send(let begun, _) in state.gateways[number].work {
                _ = state.gateways[number].plan.follow(.ended(begun, nil), at: now)
            }
            return state.gateways[number].plan.leave(at: now)
        }
        for (report, ended) in reports { await perform(.store(report, ended), by: number) }
        die(number)
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
        let (merchant, typeCount, isOrdered) = (below(Self.merchants), below(3), below(3) == 0)
        guard number < 9 else { return }
        let id = WebhookEndpointID(value: UInt128(number))
        let types = Array(Self.types.prefix(typeCount))
        let endpoint = WebhookEndpointRecord(
            id: id,
            merchant: MerchantID(value: UInt128(merchant)),
            url: "https://\(number).example/",
            sealedSecret: try secrets.seal(StandardWebhook.Secret(random: SeededRandom(seed: 3)), of: id),
            types: types,
            isOrdered: isOrdered,
            createdAt: clock.now()
        )
        try await database.write { try $0.insert(endpoint) }
        state.withLock { state in
            state.endpoints.append(Endpoint(id: id, merchant: merchant, types: types, isOrdered: isOrdered))
        }
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
            try session.update(&stored)
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
            let open = state.gateways.reduce(into: Set<Sent>()) { $0.formUnion($1.open) }
            for index in state.endpoints.indices where state.endpoints[index].isOn {
                for event in events(state.endpoints[index]) {
                    let endpoint = state.endpoints[index]
                    if endpoint.sent.contains(event) || open.contains(Sent(endpoint: index, event: event)) {
                        state.endpoints[index].excused[event, default: 0] += 1
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
        for number in 0..<2 { await leave(number) }
        for _ in 0..<400 {
            advance(by: .seconds(86_400))
            let now = clock.now()
            let due = try await database.read { try $0.endpointsDue(at: now) }
            if due.isEmpty, try await database.read({ try $0.outboxDepth() }) == 0 { return }
            repeat { await step(0) } while !state.withLock { $0.gateways[0].isIdle }
        }
    }
}

extension DeliveryPlan.Work {
    fileprivate var isRequest: Bool {
        if case .send = self { true } else { false }
    }
}

extension DeliveryWorld.Sent {
    init(_ begun: DeliveryPlan.Begun) { self.init(begun.endpoint, begun.delivery.event) }

    init(_ endpoint: WebhookEndpointID, _ event: EventID) {
        self.init(endpoint: Int(endpoint.value), event: Int(event.value))
    }
}
