package import HTTPMessages
package import Payments
package import Records
package import Seams
import Storage
import Synchronization

/// Asks a merchant's server whether an order's goods are in stock, while the customer waits.
///
/// The question is signed like an event. A status of 200 to 299 means in stock, 409 sold out. After an error, another
/// status or silence no money is taken.
package struct StockInquiry: Sendable {
    /// How long the server may take: Telegram waits ten seconds for the whole decision, which ends after three.
    package static let usualPatience = Duration.seconds(2)

    private let transport: any HTTPTransport
    private let secrets: EndpointSecrets
    private let clock: any WallClock
    private let patience: Duration
    private let questions = OpenQuestions()

    /// An inquiry.
    ///
    /// - Parameters:
    ///   - transport: the way out; it has to refuse private addresses.
    ///   - secrets: opens the endpoints' secrets.
    ///   - clock: dates the signature.
    ///   - patience: how long the server may take.
    package init(
        transport: any HTTPTransport,
        secrets: EndpointSecrets,
        clock: any WallClock,
        patience: Duration = usualPatience
    ) {
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
        self.patience = patience
    }

    /// Asks an endpoint a question; a merchant whose server leaves too many questions open is not asked.
    ///
    /// - Returns: the answer; never an error.
    package func ask(_ question: EventRecord, at endpoint: WebhookEndpointRecord) async -> StockAnswer {
        guard questions.begin(for: question.merchant) else { return .unknown }
        defer { questions.end(for: question.merchant) }
        let now = clock.now()
        guard let secrets = try? secrets.signing(endpoint, at: now) else { return .unknown }
        let request = StandardWebhook.request(
            question,
            to: endpoint.url,
            at: now,
            secrets: secrets,
            timeout: patience
        )
        guard let response = try? await transport.send(request) else { return .unknown }
        switch response.status {
        case 200..<300: return .available
        case 409: return .soldOut
        default: return .unknown
        }
    }
}

/// Counts the questions that each merchant's server has not answered, so that none uses up the connections of the
/// others.
private final class OpenQuestions: Sendable {
    private static let perMerchant = 32

    private let counts = Mutex<[MerchantID: Int]>([:])

    /// Counts a question; false when the merchant has too many.
    func begin(for merchant: MerchantID) -> Bool {
        counts.withLock { counts in
            let count = counts[merchant, default: 0]
            guard count < Self.perMerchant else { return false }
            counts[merchant] = count + 1
            return true
        }
    }

    func end(for merchant: MerchantID) {
        counts.withLock { counts in
            let count = counts[merchant, default: 0] - 1
            counts[merchant] = count > 0 ? count : nil
        }
    }
}
