import BotConversation
import Cryptography
import Payments
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

    /// Puts a bot in the place of an older version of itself, or adds it; one of the configuration stays what it is.
    ///
    /// - Parameters:
    ///   - bot: the bot.
    ///   - work: what is done with it, unless there is a newer one.
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

    /// The bots by whose owners' chats a merchant is told what goes wrong: its own; where it has none, the operator's.
    func owners(of merchant: MerchantID) -> [BotConversation.Bot] {
        let told = all.filter { $0.conversation.ownerChat != nil }
        let own = told.filter { $0.merchant == merchant }
        return (own.isEmpty ? told.filter { $0.merchant == nil } : own).map(\.conversation)
    }

    /// How a bot speaks, by the source of its updates (`telegram:<key>`).
    func conversation(_ source: String) -> BotConversation.Bot? {
        let prefix = "telegram:"
        guard source.hasPrefix(prefix) else { return nil }
        return bot(String(source.dropFirst(prefix.count)))?.conversation
    }
}
