import Cryptography
package import HTTPMessages
import Seams
import StrictJSON
import Synchronization
package import TON

/// The streaming API of toncenter, version 2, as server-sent events.
///
/// Blocks are final at once here, so that listeners are told of a confirmed chain transaction and of the final one together. A
/// trace is one chain transaction.
extension FixtureTON {
    /// How often a listener is told that the connection lives.
    private static let heartbeat = Duration.seconds(15)
    private static let types: Set<String> = [
        "transactions", "actions", "trace", "trace_invalidated", "account_state_change", "jettons_change",
    ]

    /// How many listeners there are.
    package var listenerCount: Int { state.withLock { $0.listeners.all.count } }

    /// How many streams have begun so far.
    package var streamCount: Int { state.withLock { $0.listeners.count } }

    /// Answers `POST /api/streaming/v2/sse`.
    package func stream(_ request: HTTPRequest) -> HTTPAnswer {
        guard request.method == "POST", RequestTarget(request.url).path.last == "sse" else {
            return Self.refusal(404, "Not Found")
        }
        let isRefused = state.withLock { state in
            defer { state.faults.refusedStreams = max(0, state.faults.refusedStreams - 1) }
            return state.faults.refusedStreams > 0
        }
        guard !isRefused else { return Self.refusal(429, "too many connections") }
        guard let wish = Self.wish(in: request) else { return Self.refusal(400, "the subscription cannot be read") }
        if let hostility = state.withLock({ $0.faults.hostility }) { return .events(hostile(hostility, to: wish)) }
        return .events(events(for: wish))
    }

    private static func refusal(_ status: Int, _ reason: String) -> HTTPAnswer {
        let body: JSONValue = ["error": .string(reason)]
        let fields = [HTTPField("Content-Type", "application/json")]
        return .response(HTTPResponse(status: status, fields: fields, body: body.bytes))
    }

    private static func wish(in request: HTTPRequest) -> StreamListeners.Wish? {
        guard let body = try? JSONValue(parsing: request.body),
            let finality = StreamListeners.Wish.Finality(body["min_finality"]?.stringValue ?? "finalized")
        else { return nil }
        let types = Set((body["types"]?.arrayValue ?? []).compactMap(\.stringValue))
        let texts = body["addresses"]?.arrayValue ?? []
        let addresses = texts.compactMap { $0.stringValue.flatMap { try? TONAddress($0) } }
        guard !types.isEmpty, types.isSubset(of: Self.types), !addresses.isEmpty, addresses.count == texts.count
        else { return nil }
        return StreamListeners.Wish(types: types, addresses: Set(addresses), finality: finality)
    }

    private static func event(_ value: JSONValue) -> [UInt8] { Array("data: \(value.text)\n\n".utf8) }

    private static let subscribed: JSONValue = ["status": "subscribed"]

    private func events(for wish: StreamListeners.Wish) -> AsyncStream<[UInt8]> {
        let (stream, events) = AsyncStream.makeStream(of: [UInt8].self)
        let number = state.withLock { state in
            events.yield(Self.event(Self.subscribed))
            return state.listeners.add(.init(wish: wish, events: events))
        }
        events.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.all.removeValue(forKey: number) }
        }
        return stream
    }

    /// Ends all streams, as a restart of the node does.
    package func hangUp() {
        for listener in state.withLock({ Array($0.listeners.all.values) }) { listener.events.finish() }
    }

    /// Tells listeners that their connections live, until the task is cancelled.
    package func keepStreamsAlive() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.heartbeat) } catch { break }
            let line = Array(": keepalive\n\n".utf8)
            for listener in state.withLock({ Array($0.listeners.all.values) }) { listener.events.yield(line) }
        }
        hangUp()
    }

    // MARK: - News

    /// Tells listeners of what has happened since the last call.
    func tellListeners() {
        let isOver = state.withLock { state in
            let all = state.untold
            state.untold = []
            for news in all {
                guard state.faults.missedNews == 0 else {
                    state.faults.missedNews -= 1
                    if state.faults.missedNews == 0 { return true }
                    continue
                }
                for finality in [StreamListeners.Wish.Finality.confirmed, .finalized] {
                    tell(news, at: finality, state.listeners)
                }
            }
            return false
        }
        if isOver { hangUp() }
    }

    private func tell(
        _ news: ChainState.News,
        at finality: StreamListeners.Wish.Finality,
        _ listeners: StreamListeners
    ) {
        for listener in listeners.all.values {
            if listener.wish.wants("transactions", of: news.address, at: finality) {
                listener.events.yield(Self.event(transactions(news, at: finality)))
            }
            if listener.wish.wants("account_state_change", of: news.address, at: finality) {
                listener.events.yield(Self.event(stateChange(news, at: finality)))
            }
        }
    }

    private func stateChange(
        _ news: ChainState.News,
        at finality: StreamListeners.Wish.Finality
    ) -> JSONValue {
        [
            "type": "account_state_change", "finality": .string(finality.word),
            "account": Self.raw(news.address),
            "state": [
                "balance": .string("\(news.balance)"),
                "account_status": .string(news.status == .active ? "active" : "uninit"),
            ],
        ]
    }

    private func transactions(
        _ news: ChainState.News,
        at finality: StreamListeners.Wish.Finality
    ) -> JSONValue {
        [
            "type": "transactions", "finality": .string(finality.word),
            "trace_external_hash_norm": .string(Self.trace(of: news)),
            "transactions": [transactionV3(news.entry, news.address)],
        ]
    }

    private static func trace(of news: ChainState.News) -> String {
        Base64.encode(news.entry.hash.bytes)
    }

    /// Tells listeners of a confirmed payment of coins in a block that is not to be final: it is discarded by
    /// ``discardBlocks()``.
    ///
    /// - Throws: `TONError`.
    package func tellConfirmed(
        _ nanotons: UInt128,
        to address: TONAddress,
        comment: String?,
        by name: String
    ) throws(TONError) {
        try tellConfirmed(coins(nanotons, to: address, comment: comment, by: name))
    }

    /// The same of jettons, which have arrived at the owner's jetton wallet.
    ///
    /// - Throws: `TONError`.
    package func tellConfirmedJettons(
        _ units: UInt128,
        of master: TONAddress,
        to owner: TONAddress,
        comment: String?,
        by name: String
    ) throws(TONError) {
        try tellConfirmed(jettons(units, of: master, to: owner, comment: comment, by: name))
    }

    private func tellConfirmed(_ message: InternalMessage) throws(TONError) {
        try state.withLock { state throws(TONError) in
            var discarded = state
            (discarded.externals, discarded.internals, discarded.untold) = ([], [message], [])
            try discarded.mine(at: state.head.time)
            for news in discarded.untold { tell(news, at: .confirmed, state.listeners) }
            state.discarded += discarded.untold.map(Self.trace)
        }
    }

    /// Tells listeners that the blocks of ``tellConfirmed(_:to:comment:by:)`` are discarded: nothing of them is ever final.
    package func discardBlocks() {
        state.withLock { state in
            for trace in state.discarded {
                let end: JSONValue = ["type": "trace_invalidated", "trace_external_hash_norm": .string(trace)]
                for listener in state.listeners.all.values where listener.wish.types.contains("trace_invalidated") {
                    listener.events.yield(Self.event(end))
                }
            }
            state.discarded = []
        }
    }

    // MARK: - Hostile streams

    /// A stream without an end, made as fast as it is taken.
    private func hostile(_ hostility: StreamHostility, to wish: StreamListeners.Wish) -> AsyncStream<[UInt8]> {
        let piece: [UInt8]
        switch hostility {
        case .endlessLine: piece = Array(repeating: UInt8(ascii: "x"), count: 1 << 14)
        case .endlessEvent: piece = Array(String(repeating: "data: x\n", count: 1 << 11).utf8)
        case .emptyLines: piece = Array(repeating: UInt8(ascii: "\n"), count: 1 << 14)
        case .garbage: piece = Array(String(repeating: "data: {\"type\":[\n\n", count: 1 << 10).utf8)
        case .flood:
            piece = wish.addresses.flatMap { address in
                Self.event([
                    "type": "account_state_change", "finality": "finalized", "account": Self.raw(address),
                    "state": ["balance": "1", "account_status": "active"],
                ])
            }
        }
        let first = Mutex<[UInt8]?>(Self.event(Self.subscribed))
        state.withLock { $0.listeners.count += 1 }
        return AsyncStream { [weak self] in
            guard self != nil, !Task.isCancelled else { return nil }
            return first.withLock { first in
                defer { first = nil }
                return first ?? piece
            }
        }
    }
}
