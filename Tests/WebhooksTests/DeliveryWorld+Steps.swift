import Payments
import Records
import Seams
import Storage
import Synchronization

@testable import Webhooks

/// What merchants, clocks and gateways do.
extension DeliveryWorld {
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

    /// Allows requested events once more, also those that a gateway has read and not sent yet; those that were never due,
    /// or were given up, have no place in the order.
    private func noteAsked(_ events: (Endpoint) -> [Int]) {
        state.withLock { state in
            for index in state.endpoints.indices where state.endpoints[index].isOn {
                for event in events(state.endpoints[index]) {
                    let endpoint = state.endpoints[index]
                    state.endpoints[index].excused[event, default: 0] += 1
                    guard !endpoint.sent.contains(event) else { continue }
                    if !endpoint.expected.contains(event) {
                        state.endpoints[index].asked.insert(event)
                    }
                }
            }
        }
    }

    /// Switches every endpoint on that was not deleted.
    private func switchAllOn() async throws {
        let endpoints = state.withLock { $0.endpoints.filter { !$0.isGone } }
        try await database.write { session in
            for endpoint in endpoints {
                guard var stored = try session.endpoint(endpoint.id), stored.disabledAt != nil else { continue }
                stored.disabledAt = nil
                try session.update(&stored)
            }
        }
    }

    /// Delivers without faults until nothing is due; every endpoint is on then.
    func calmDown() async throws {
        state.withLock { $0.isCalm = true }
        for number in 0..<2 { await leave(number) }
        try await switchAllOn()
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
