package import Logging
import Payments
package import Seams
package import TelegramBot

/// Asks Telegram for a bot's updates, for development: where Telegram cannot reach the gateway.
///
/// An update is confirmed, by asking for the next one, only after it was stored in the inbox or answered, so that a
/// crash loses none. It may come twice, and is stored once.
package struct TelegramPoller: Sendable {
    /// How long Telegram waits for an update, in seconds; shorter than a call may take.
    private static let wait: Int64 = 5
    /// How long to wait after a failure, when Telegram does not say.
    private static let pause = Duration.seconds(3)

    private let key: String
    private let client: BotClient
    private let receiver: TelegramReceiver
    private let clock: any WallClock
    private let logger: Logger

    /// A poller of one bot; the receiver gets its updates.
    package init(
        key: String,
        client: BotClient,
        receiver: TelegramReceiver,
        clock: any WallClock,
        logger: Logger
    ) {
        self.key = key
        self.client = client
        self.receiver = receiver
        self.clock = clock
        self.logger = logger
    }

    /// Asks until the task is cancelled.
    package func run() async {
        var next: Int64?
        while !Task.isCancelled {
            do {
                if next == nil { try await client.deleteWebhook() }
                for (number, update) in try await client.updates(from: next, waiting: Self.wait) {
                    _ = try await receiver.receive(update, bot: key)
                    next = number + 1
                }
                next = next ?? 0
            } catch {
                if Task.isCancelled { return }
                logger.warning("the updates of \(key) could not be taken: \(error)")
                let pause = (error as? TelegramError)?.retryAfter ?? Self.pause
                do { try await clock.sleep(for: pause) } catch { return }
            }
        }
    }
}
