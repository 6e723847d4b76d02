import BotConversation
import Cryptography
import Payments
import Synchronization

/// The gateway's own bots, by their keys; some are added while it runs.
final class BotDirectory: Sendable {
    private let bots: Mutex<[Gateway.ConfiguredProviders.Bot]>

    /// A directory of bots.
    init(_ bots: [Gateway.ConfiguredProviders.Bot]) {
        self.bots = Mutex(bots)
    }

    /// The bots, those of the configuration first.
    var all: [Gateway.ConfiguredProviders.Bot] { bots.withLock { $0 } }

    /// Adds a bot, or replaces an older version of it; a bot of the configuration is never replaced.
    ///
    /// - Parameters:
    ///   - bot: the bot.
    ///   - work: runs after that, unless the directory has a newer version.
    func put(_ bot: Gateway.ConfiguredProviders.Bot, _ work: () throws -> Void) rethrows {
        try bots.withLock { bots in
            let place = bots.firstIndex { $0.key == bot.key }
            if let place {
                guard let old = bots[place].version, let new = bot.version, old <= new else { return }
                bots[place] = bot
            } else {
                bots.append(bot)
            }
            try work()
        }
    }

    func bot(_ key: String) -> Gateway.ConfiguredProviders.Bot? { bots.withLock { $0.first { $0.key == key } } }

    /// The bots whose owners' chats are told about a merchant's problems: its own, or the operator's when it has none.
    func owners(of merchant: MerchantID) -> [BotConversation.Bot] {
        let told = all.filter { $0.conversation.ownerChat != nil }
        let own = told.filter { $0.merchant == merchant }
        return (own.isEmpty ? told.filter { $0.merchant == nil } : own).map(\.conversation)
    }

    /// The bot that speaks in a chat, by the source of its updates (`telegram:<key>`).
    func conversation(_ source: String) -> BotConversation.Bot? {
        let prefix = "telegram:"
        guard source.hasPrefix(prefix) else { return nil }
        return bot(String(source.dropFirst(prefix.count)))?.conversation
    }
}
