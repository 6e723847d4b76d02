package import Cryptography
package import HTTPMessages
package import Providers
import StrictJSON
import TON

/// The streaming API of toncenter, version 2: server-sent events about accounts.
///
/// It tells nothing of what was before a stream begins, and a stream may miss what it should tell. So its events say
/// only where to look; amounts, comments and states in them are not read.
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
    /// How many streams the node serves at once.
    let count: Int

    /// A stream.
    ///
    /// - Parameters:
    ///   - transport: the transport of streams, which ends one that is silent.
    ///   - url: the endpoint, `…/api/streaming/v2/sse`.
    ///   - apiKey: the key, where the endpoint needs one.
    ///   - count: how many streams the node serves at once.
    package init(transport: any HTTPTransport, url: String, apiKey: SecretBytes?, count: Int = 1) {
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
    }

    /// Listens until the stream ends or the task is cancelled.
    ///
    /// - Throws: `ProviderError`, with the reason for the end.
    func listen(to addresses: [TONAddress], _ hear: (News) -> Void) async throws(ProviderError) {
        var reader = EventStreamReader()
        do {
            for try await piece in transport.stream(subscription(to: addresses)) {
                for event in try reader.read(piece) { if let news = Self.news(in: event) { hear(news) } }
            }
        } catch let error as HTTPTransportError {
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
            "types": ["account_state_change"], "min_finality": "finalized",
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

    /// What an event says; nil when it says nothing that matters here, or cannot be read.
    ///
    /// A change that is not final yet, or whose trace was invalidated, is nothing to look for: the node shows final
    /// chain transactions only.
    static func news(in event: EventStreamReader.Event) -> News? {
        guard let value = try? JSONValue(parsing: Array(event.data.utf8)) else { return nil }
        if value["status"]?.stringValue == "subscribed" { return .subscribed }
        guard value["type"]?.stringValue == "account_state_change", value["finality"]?.stringValue == "finalized",
            let text = value["account"]?.stringValue, let address = try? TONAddress(text)
        else { return nil }
        return .moved(address)
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
        _ hear: @Sendable (HeardNews) -> Void
    ) async throws(ProviderError) {
        guard let stream else { throw ProviderError(.invalidRequest, "the node has no stream of news") }
        var named: [TONAddress: Set<ScanAccount>] = [:]
        for account in accounts {
            // The scan tells what is wrong with an account that cannot be read.
            guard let address = try? scanned(account).address else { continue }
            named[address, default: []].insert(account)
        }
        try await stream.listen(to: named.keys.sorted { $0.raw < $1.raw }) { news in
            switch news {
            case .subscribed: hear(.begins)
            case .moved(let address): if let accounts = named[address] { hear(.moved(accounts)) }
            }
        }
    }
}
