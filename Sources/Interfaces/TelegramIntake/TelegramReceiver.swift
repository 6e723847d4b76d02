package import Cryptography
package import HTTPMessages
package import Logging
import Payments
import Providers
import Seams
package import Settlement
import StrictJSON
import Synchronization
import TelegramBot

/// Takes the updates of the bots: they are stored before they are confirmed, and queries are answered at once.
package struct TelegramReceiver: Sendable {
    /// How long a decision may take: Telegram waits ten seconds, and a refusal is better than no answer.
    private static let decisionLimit = Duration.seconds(3)

    private let settlement: Settlement
    private let webhookSecret: @Sendable (_ bot: String) -> SecretBytes?
    private let decided: @Sendable (_ took: Duration, _ isRefused: Bool) -> Void
    private let wake: @Sendable () -> Void
    private let logger: Logger
    private var clock: any WallClock { settlement.clock }

    /// A receiver.
    ///
    /// - Parameters:
    ///   - settlement: decides about payments.
    ///   - webhookSecret: the secret that Telegram sends with each update, by the bot's key.
    ///   - decided: gets the duration of each decision about a payment, and whether it was refused.
    ///   - logger: logs answers that could not be sent.
    ///   - wake: has the reconciliation worker look at the inbox.
    package init(
        settlement: Settlement,
        webhookSecret: @escaping @Sendable (_ bot: String) -> SecretBytes?,
        decided: @escaping @Sendable (_ took: Duration, _ isRefused: Bool) -> Void,
        logger: Logger,
        wake: @escaping @Sendable () -> Void
    ) {
        self.settlement = settlement
        self.webhookSecret = webhookSecret
        self.decided = decided
        self.logger = logger
        self.wake = wake
    }

    /// Whether a request carries the bot's secret exactly once; compared in constant time.
    package func isFromTelegram(_ request: HTTPRequest, bot: String) -> Bool {
        let stated = request.fields.filter { $0.isCalled("x-telegram-bot-api-secret-token") }
        guard stated.count == 1, let secret = webhookSecret(bot) else { return false }
        return constantTimeEquals(Array(stated[0].value.utf8), secret)
    }

    /// Takes an update of a bot, after its secret was checked.
    ///
    /// A body that is no update is set aside with a case, and confirmed: otherwise Telegram would send it again and
    /// again, and no later update.
    ///
    /// - Throws: what the database throws; Telegram then sends the update again.
    /// - Returns: the answer to Telegram.
    package func receive(_ body: [UInt8], bot: String) async throws -> HTTPResponse {
        if let update = try? JSONValue(parsing: body, limits: .telegram), let id = update["update_id"]?.integerValue {
            try await take(update, numbered: id, body, bot: bot)
        } else {
            try await setAside(body, bot: bot)
        }
        return Self.taken
    }

    private func take(_ update: JSONValue, numbered id: Int64, _ body: [UInt8], bot: String) async throws {
        if let date = update["message"]?["date"]?.integerValue {
            clock.observe(Timestamp(seconds: date), from: "Telegram", as: .message)
        }
        if update["pre_checkout_query"] != nil || update["shipping_query"] != nil {
            return await answerQuestions(in: body, bot: bot)
        }
        guard Self.isOfUse(update) else { return }
        try await settlement.keep(message: body, from: "telegram:\(bot)", key: "\(id)")
        wake()
    }

    /// Sets aside a body that is no update, once.
    private func setAside(_ body: [UInt8], bot: String) async throws {
        logger.warning("a push to \(bot) is no update; it is set aside")
        let source = "telegram:\(bot)"
        // A bot that takes no money has no payment to lose.
        guard let provider = settlement.providers.providers.first(where: { $0.push?.source == source }) else { return }
        let name = JSONSlices.integer("update_id", in: body).map { "\($0)" } ?? Hex.encode(SHA256.hash(body))
        let found = SetAside(
            naturalKey: NaturalKey("update", source, name),
            account: source,
            asset: nil,
            units: nil,
            cause: .unreadable,
            explanation: "Telegram pushed an update that cannot be read",
            occurredAt: clock.now()
        )
        _ = try await settlement.record(.setAside(found, bytes: body), at: provider)
    }

    private static let taken = HTTPResponse(
        status: 200,
        fields: [HTTPField("Content-Type", "application/json")],
        body: Array("{}".utf8)
    )

    /// Whether the gateway has a use for an update.
    ///
    /// A message is of use when it reports a payment or is a command; any other message is between people, and not
    /// stored.
    private static func isOfUse(_ update: JSONValue) -> Bool {
        guard let message = update["message"] else { return true }
        return message["successful_payment"] != nil || message["refunded_payment"] != nil
            || message["text"]?.stringValue?.hasPrefix("/") ?? false
    }

    private func answerQuestions(in body: [UInt8], bot: String) async {
        for provider in settlement.providers.providers {
            guard let push = provider.push, push.source == "telegram:\(bot)" else { continue }
            guard let meanings = try? push.interpret(body) else { continue }
            for case .question(let question) in meanings {
                let start = clock.now()
                let decision = await decide(question, of: provider)
                if case .payment = question.topic {
                    var isRefused = false
                    if case .refused = decision { isRefused = true }
                    decided(clock.now().since(start), isRefused)
                }
                do { try await push.answer(question, with: decision) } catch {
                    // Telegram takes no money without an answer.
                    logger.warning("a question of \(bot) could not be answered: \(error)")
                }
            }
        }
    }

    /// Decides within the limit, or refuses; a decision that a stalled database holds up is no longer waited for.
    private func decide(_ question: ApprovalRequest, of provider: any PaymentProvider) async -> ApprovalDecision {
        let refusal = ApprovalDecision.refused(
            message: "The payment cannot be checked at the moment. Please try again in a minute."
        )
        return await clock.answer(within: Self.decisionLimit, otherwise: refusal) {
            await settlement.decide(question, of: provider)
        }
    }
}
