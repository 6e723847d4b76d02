import Cryptography
import HTTPMessages
import Money
import Payments
import ProviderTelegram
import Seams
import TelegramBot

private let moment = Timestamp(seconds: 1_790_000_000)

extension TelegramChannel {
    /// A shop's bot, over a transport in place of Telegram.
    static func shop(over transport: any HTTPTransport, _ assets: AssetRegistry) -> TelegramChannel {
        TelegramChannel(
            key: "shop",
            client: BotClient(
                transport: transport,
                baseURL: "https://api.telegram.org",
                token: SecretBytes(Array("1:A".utf8)),
                isTestEnvironment: false
            ),
            assets: assets,
            isTestEnvironment: false,
            clock: ManualClock(moment)
        )
    }
}

extension Invoice {
    /// An unpaid invoice for tea.
    static func tea(_ price: Amount, _ goods: Goods = .physical) -> Self {
        Invoice(
            id: InvoiceID(value: 1),
            merchant: MerchantID(value: 2),
            reference: nil,
            title: "Tea",
            summary: "Tea",
            goods: goods,
            price: price,
            createdAt: moment,
            expiresAt: moment,
            monitoredUntil: moment,
            status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
        )
    }
}
