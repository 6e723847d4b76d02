package import Cryptography
package import HTTPMessages
package import Providers
package import Seams
import StrictJSON
import TON

/// The streaming API of toncenter, version 2: server-sent events about accounts.
///
/// It tells nothing of what was before a stream begins, and a stream may miss what it should tell. So what is final in it
/// says only where to look. Of what is confirmed, and not final, payments are shown and never booked.
package struct ToncenterStream: Sendable {
    /// How many accounts are named in one subscription: as many as toncenter takes in a question.
    static let accountsPerStream = 1_000
    /// How long a stream lasts; the next one begins then.
    private static let lifetime = Duration.seconds(86_400)
    /// The most bytes that wait to be read: a node that floods loses its stream, and we no memory.
    private static let waitingBytes = 4 << 20

    private let transport: any HTTPTransport
    private let url: String
    private let apiKey: SecretBytes?
    private let clock: any WallClock
    /// How many streams the node serves at once.
    let count: Int

    /// A stream.
    ///
    /// - Parameters:
    ///   - transport: the transport of streams, which ends one that is silent.
    ///   - url: the endpoint, `…/api/streaming/v2/sse`.
    ///   - apiKey: the key, where the endpoint needs one.
    ///   - count: how many streams the node serves at once.
    ///   - clock: measures how much a stream tells within a minute.
    package init(
        transport: any HTTPTransport,
        url: String,
        apiKey: SecretBytes?,
        count: Int = 1,
        clock: any WallClock
    ) {
        self.clock = clock
        self.transport = transport
        self.url = url
        self.apiKey = apiKey
        self.count = count
    }

    /// What an event says.
    enum News: Hashable, Sendable {
        /// The subscription holds from here on.
        case subscribed
        /// Something final has happened on an account.
        case moved(TONAddress)
        /// A chain transaction is in a block that is not final yet.
        case seen(SeenTransaction, trace: String)
        /// What was told of a trace is not the chain's any more.
        case invalidated(trace: String)
    }

    /// Listens until the stream ends or the task is cancelled.
    ///
    /// - Throws: `ProviderError`, with the reason for the end.
    func listen(to addresses: [TONAddress], _ receive: (News) -> Void) async throws(ProviderError) {
        var reader = EventStreamReader()
        var budget = StreamBudget(at: clock.now())
        do {
            for try await piece in transport.stream(subscription(to: addresses)) {
                let events = try reader.read(piece)
                try budget.take(bytes: piece.count, events: events.count, at: clock.now())
                for event in events { for news in Self.news(in: event) { receive(news) } }
            }
        } catch let error as ProviderError { throw error } catch let error as HTTPTransportError {
            guard error.code != .responseTooLarge else {
                throw ProviderError(.flooded, "the node's stream tells more than can be read: \(error.reason)")
            }
            throw ProviderError(.unavailable, "the node's stream is gone: \(error.reason)")
        } catch { throw ProviderError(.unavailable, "the node's stream is gone: \(error)") }
        throw ProviderError(.unavailable, "the node has ended its stream")
    }

    private func subscription(to addresses: [TONAddress]) -> HTTPRequest {
        var fields = [HTTPField("Accept", "text/event-stream"), HTTPField("Content-Type", "application/json")]
        if let apiKey {
            fields.append(HTTPField("X-API-Key", apiKey.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }))
        }
        let body: JSONValue = [
            "types": ["account_state_change", "transactions", "trace_invalidated"], "min_finality": "confirmed",
            "addresses": .array(addresses.map { .string($0.raw) }),
        ]
        return HTTPRequest(
            method: "POST",
            url: url,
            fields: fields,
            body: body.bytes,
            timeout: Self.lifetime,
            maximumResponseBytes: Self.waitingBytes
        )
    }

    /// What an event says; nothing when it says nothing that matters here, or cannot be read.
    static func news(in event: EventStreamReader.Event) -> [News] {
        guard let value = try? JSONValue(parsing: Array(event.data.utf8)) else { return [] }
        if value["status"]?.stringValue == "subscribed" { return [.subscribed] }
        let (finality, trace) = (value["finality"]?.stringValue, value["trace_external_hash_norm"]?.stringValue)
        switch value["type"]?.stringValue {
        // The node shows final chain transactions only, so that there is nothing to look for before.
        case "account_state_change" where finality == "finalized":
            guard let text = value["account"]?.stringValue, let address = try? TONAddress(text) else { return [] }
            return [.moved(address)]
        case "transactions" where finality == "confirmed":
            guard let trace else { return [] }
            return (value["transactions"]?.arrayValue ?? []).compactMap(SeenTransaction.init).map {
                .seen($0, trace: trace)
            }
        case "trace_invalidated": return trace.map { [.invalidated(trace: $0)] } ?? []
        default: return []
        }
    }
}

extension TONProvider: AccountListening {
    /// The streams that the node serves.
    package var listeningCapacity: ListeningCapacity {
        ListeningCapacity(streams: stream?.count ?? 1, accountsPerStream: ToncenterStream.accountsPerStream)
    }

    /// Listens to accounts, jetton wallets included.
    ///
    /// - Throws: `ProviderError`.
    package func listen(
        to accounts: [ScanAccount],
        _ receive: @Sendable (StreamNews) -> Void
    ) async throws(ProviderError) {
        guard let stream else { throw ProviderError(.invalidRequest, "the node has no stream of news") }
        var named: [TONAddress: Set<ScanAccount>] = [:]
        for account in accounts {
            // The scan tells what is wrong with an account that cannot be read.
            guard let address = try? scanned(account).address else { continue }
            named[address, default: []].insert(account)
        }
        var traces = SightedTraces()
        try await stream.listen(to: named.keys.sorted { $0.raw < $1.raw }) { news in
            switch news {
            case .subscribed: receive(.begins)
            case .moved(let address): if let accounts = named[address] { receive(.moved(accounts)) }
            case .seen(let seen, let trace):
                let found = (named[seen.account] ?? []).compactMap { account in
                    (try? scanned(account)).flatMap { sighting(of: seen, on: $0) }
                }
                guard !found.isEmpty else { return }
                traces.note(found.map(\.transfer.naturalKey), of: trace)
                receive(.seen(found))
            case .invalidated(let trace):
                let gone = traces.end(trace)
                if !gone.isEmpty { receive(.gone(gone)) }
            }
        }
    }
}
