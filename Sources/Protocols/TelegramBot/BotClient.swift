package import Cryptography
package import HTTPMessages
package import Seams
package import StrictJSON

/// Calls of the Bot API (core.telegram.org/bots/api) for one bot.
///
/// The token is in the path of every request. So the path is built only for the request, and no error contains a URL.
package struct BotClient: Sendable {
    private let transport: any HTTPTransport
    private let baseURL: String
    private let token: SecretBytes
    private let isTestEnvironment: Bool
    private let timeout: Duration
    /// The bot's number; nil when the token is malformed, which Telegram reports on the first call.
    package let number: BotNumber?
    private let clock: (any WallClock)?
    /// Removes what this client sends from its own answers, and from no others: a merchant chooses its bot's tokens, and
    /// could choose words of a chain.
    private let gate = SecretGate()

    /// A client of one bot.
    ///
    /// - Parameters:
    ///   - transport: the HTTP transport.
    ///   - baseURL: the Bot API server, without a slash at the end.
    ///   - token: the token from BotFather.
    ///   - isTestEnvironment: whether the bot lives in Telegram's test environment, whose paths differ.
    ///   - timeout: how long one call may take.
    ///   - clock: the clock to compare with the server's, if it can be in doubt.
    package init(
        transport: any HTTPTransport,
        baseURL: String,
        token: SecretBytes,
        isTestEnvironment: Bool,
        timeout: Duration = .seconds(10),
        clock: (any WallClock)? = nil
    ) {
        self.transport = transport
        self.baseURL = baseURL
        self.token = token
        number = BotNumber(token: token)
        self.isTestEnvironment = isTestEnvironment
        self.timeout = timeout
        self.clock = clock
        // It is in every URL, which a server can repeat.
        hide(token)
    }

    /// Removes a secret from this client's answers from now on.
    package func hide(_ secret: SecretBytes) { unsafe secret.withUnsafeBytes { unsafe gate.hold($0) } }

    /// Calls a method.
    ///
    /// - Throws: ``TelegramError``.
    /// - Returns: the `result`.
    @discardableResult
    package func call(_ method: String, _ parameters: JSONValue = [:]) async throws(TelegramError) -> JSONValue {
        try Self.result(of: await send(method, parameters), method)
    }

    /// The raw answer of the Bot API.
    func send(_ method: String, _ parameters: JSONValue) async throws(TelegramError) -> HTTPResponse {
        let secret = token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let path = "/bot\(secret)\(isTestEnvironment ? "/test" : "")/\(method)"
        let request = HTTPRequest(
            method: "POST",
            url: baseURL + path,
            fields: [HTTPField("Content-Type", "application/json")],
            body: parameters.bytes,
            timeout: timeout
        )
        let response: HTTPResponse
        do { response = try await transport.send(request).cut(by: gate) } catch { throw TelegramError(error) }
        observeClock(in: response)
        return response
    }

    /// Compares the clock with the server's.
    ///
    /// A server without a certificate may run on our machine, with the same clock.
    private func observeClock(in response: HTTPResponse) {
        guard let clock, let stated = response.field("Date").flatMap(Timestamp.init(httpDate:)) else { return }
        clock.observe(stated, from: "the Bot API", as: baseURL.hasPrefix("https://") ? .service : .machine)
    }

    /// The `result` of an answer.
    ///
    /// - Throws: ``TelegramError`` when the answer is a failure, or cannot be read.
    static func result(of response: HTTPResponse, _ method: String) throws(TelegramError) -> JSONValue {
        let envelope: JSONValue
        do { envelope = try JSONValue(parsing: response.body, limits: .telegram) } catch {
            throw TelegramError(.unknown, "\(method) answered \(response.status) without JSON")
        }
        if envelope["ok"]?.boolValue == true, let result = envelope["result"] { return result }
        let description = PeerText(envelope["description"]?.stringValue ?? "no description").description
        let code = envelope["error_code"]?.integerValue ?? Int64(response.status)
        switch code {
        case 429:
            let wait = envelope["parameters"]?["retry_after"]?.integerValue ?? 1
            throw TelegramError(.rateLimited, description, retryAfter: .seconds(min(max(wait, 1), 3_600)))
        case 400..<500: throw TelegramError(.refused, description)
        default: throw TelegramError(.unknown, description)
        }
    }
}

/// Why a call of the Bot API did not succeed: a code that callers match, and Telegram's own description.
package struct TelegramError: CodedError {
    /// How the error's text begins.
    package static let domain = "Telegram"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Telegram refuses; nothing was done.
        case refused
        /// Too many calls; nothing was done.
        case rateLimited
        /// Telegram could not be reached; nothing was done.
        case unreachable
        /// No usable answer came, so that it is unknown whether the call was carried out.
        case unknown
        /// The answer does not have the method's form.
        case malformed
    }

    /// The kind of failure.
    package let code: Code
    /// Telegram's description, for example `Bad Request: CHARGE_ALREADY_REFUNDED`.
    package let reason: String
    /// How long to wait, when Telegram states it.
    package let retryAfter: Duration?

    /// A failure of the kind `code`.
    package init(_ code: Code, _ reason: String, retryAfter: Duration? = nil) {
        self.code = code
        self.reason = reason
        self.retryAfter = retryAfter
    }

    init(_ error: HTTPTransportError) {
        self.init(error.isCertainlyUnsent ? .unreachable : .unknown, error.reason)
    }

    /// Whether the description names a reason, for example `CHARGE_ALREADY_REFUNDED`.
    package func names(_ word: String) -> Bool { code == .refused && reason.contains(word) }
}

extension JSONLimits {
    /// The limits for Telegram's answers, which contain texts of strangers.
    package static let telegram = JSONLimits(maximumBytes: 8 << 20, repairsTexts: true)
}
