/// The way that money moves.
package enum Rail: String, Hashable, Sendable, CaseIterable, Codable {
    /// Fiat money through a payment provider token of a Telegram bot.
    case telegramFiat = "telegram_fiat"
    /// Telegram Stars (XTR).
    case telegramStars = "telegram_stars"
    /// Transfers of TON coin and jettons.
    case ton
    /// Transfers of native coins and tokens on EVM chains.
    case evm
}
