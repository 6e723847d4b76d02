import BotConversation
import Cryptography
import Synchronization

/// The bots that the gateway speaks for, by their keys; some are added while it runs.
final class BotDirectory: Sendable {
    private let bots: Mutex<[Gateway.ConfiguredProviders.Bot]>

    /// A directory of bots.
    init(_ bots: [Gateway.ConfiguredProviders.Bot]) {
        self.bots = Mutex(bots)
    }

    /// The bots, those of the configuration first.
    var all: [Gateway.ConfiguredProviders.Bot] { bots.withLock { $0 } }

    /// Adds a bot, unless one with its key is there.
    func add(_ bot: Gateway.ConfiguredProviders.Bot) {
        bots.withLock { bots in
            if !bots.contains(where: { $0.key == bot.key }) { bots.append(bot) }
        }
    }

    func bot(_ key: String) -> Gateway.ConfiguredProviders.Bot? { bots.withLock { $0.first { $0.key == key } } }

    /// How a bot speaks, by the source of its updates (`telegram:<key>`).
    func conversation(_ source: String) -> BotConversation.Bot? {
        let prefix = "telegram:"
        guard source.hasPrefix(prefix) else { return nil }
        return bot(String(source.dropFirst(prefix.count)))?.conversation
    }
}
