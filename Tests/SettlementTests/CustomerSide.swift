import BotConversation
import Checkout
import Cryptography
import HTTPMessages
import Logging
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import StrictJSON
import Synchronization
import TONConnect
import TelegramBot
import Testing
import WalletPayments

/// The customers' side: three bots, the checkout page, and a Telegram that records the bots' messages.
struct CustomerSide {
    /// A bot's number by its key; bots without a token here have the same numbers plus 100.
    private static let numbers: [String: Int64] = ["first": 11, "second": 12, "operators": 13]

    private let checkout: Checkout
    private let conversation: BotConversation
    private let telegram = Telegram()
    private let signer: Ed25519.PrivateKey
    private let clock: any WallClock

    /// Accepts and records every call.
    private final class Telegram: HTTPTransport {
        private let said = Mutex<[(bot: String, text: String)]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            let bot = request.url.split(separator: "/").first { $0.hasPrefix("bot") }?.dropFirst(3).prefix { $0 != ":" }
            let text = (try? JSONValue(parsing: request.body))?["text"]?.stringValue ?? ""
            said.withLock { $0.append((String(bot ?? ""), text)) }
            return HTTPResponse(status: 200, fields: [], body: Array(#"{"ok":true,"result":{}}"#.utf8))
        }

        /// The messages since the last call.
        func heard() -> [(bot: String, text: String)] {
            said.withLock { said in
                defer { said = [] }
                return said
            }
        }
    }

    /// The front of a desk: its own bot is the operator's, and the other two belong to a merchant each.
    init(of desk: Desk, first: MerchantID, second: MerchantID) throws {
        let (settlement, telegram) = (desk.settlement, self.telegram)
        clock = desk.clock
        signer = try Ed25519.PrivateKey(seed: SecretBytes([UInt8](repeating: 9, count: 32)))
        let wallet = WalletEntry(
            appName: "wallet",
            name: "Wallet",
            universalURL: "https://wallet.example/connect",
            bridge: "https://wallet.example/bridge"
        )
        let wallets = WalletPayments(
            settlement: settlement,
            wallets: [wallet],
            transport: telegram,
            key: SecretBytes([UInt8](repeating: 5, count: 32)),
            random: SeededRandom(seed: 3),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let numbers = Self.numbers
        let served = ServedMerchants(
            by: settlement.providers,
            named: [111: [.merchant(first)], 112: [.merchant(second)], 113: [.all]],
            number: { numbers[$0] }
        )
        checkout = Checkout(
            settlement: settlement,
            trust: CheckoutTrust(
                bots: {
                    numbers.keys.sorted().map { .init(key: $0, token: SecretBytes(Array(Self.token($0).utf8))) }
                },
                thirdParties: .init(bots: [111, 112, 113], key: signer.publicKey),
                serves: { served.include($1, at: $2, of: $0) }
            ),
            key: SecretBytes([UInt8](repeating: 7, count: 32)),
            isSecure: true,
            wallets: CheckoutWallets(name: "Market", payments: wallets)
        )
        conversation = BotConversation(
            bot: { source in
                let key = String(source.dropFirst("telegram:".count))
                let client = BotClient(
                    transport: telegram,
                    baseURL: "https://api.telegram.org",
                    token: SecretBytes(Array(Self.token(key).utf8)),
                    isTestEnvironment: false
                )
                let provider = key == "operators" ? "scripted" : key
                return .init(
                    client: client,
                    providers: [provider],
                    paymentKey: { NaturalKey("telegram", "test", $0, "in") },
                    contact: nil,
                    terms: "https://\(key).example/terms"
                )
            },
            database: settlement.database,
            assets: settlement.assets
        )
    }

    private static func token(_ bot: String) -> String { "\(numbers[bot] ?? 0):\(bot)" }

    private static func number(_ bot: String) -> String { "\(numbers[bot] ?? 0)" }

    // MARK: - The page

    /// Whether init data signed by a bot, or by Telegram for a bot without a token here, opens an invoice.
    func opens(_ invoice: InvoiceID, by bot: String, isThirdParty: Bool) async throws -> Bool {
        let fields = "auth_date=\(clock.now().seconds)\nuser={\"id\":5}"
        let text = "auth_date=\(clock.now().seconds)&user=%7B%22id%22%3A5%7D"
        let proof: String
        if isThirdParty {
            let lines = "\(100 + (Self.numbers[bot] ?? 0)):WebAppData\n\(fields)"
            let signature = Base64.encode(try signer.sign(Array(lines.utf8)))
            let url = signature.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            proof = "&hash=\(String(repeating: "0", count: 64))&signature=\(url)"
        } else {
            let secret = HMAC.sha256(key: Array("WebAppData".utf8), message: Array(Self.token(bot).utf8))
            proof = "&hash=" + Hex.encode(HMAC.sha256(key: secret, message: Array(fields.utf8)))
        }
        let body: JSONValue = ["init_data": .string(text + proof)]
        return try await post("/pay/\(invoice.text)/session", body.bytes)
    }

    /// Whether an invoice's page opens a wallet session for an option.
    func opensWallet(_ page: InvoiceID, for option: PaymentOptionID) async throws -> Bool {
        try await post("/pay/\(page.text)/wallet", Array("wallet=wallet&option=\(option.text)".utf8))
    }

    private func post(_ url: String, _ body: [UInt8]) async throws -> Bool {
        var request = HTTPRequest(method: "POST", url: url, fields: [HTTPField("Accept", "application/json")])
        request.body = body
        do { return try await checkout.respond(to: request)?.status == 201 } catch is CheckoutError { return false }
    }

    // MARK: - The bots

    /// A bot's answer to a user, which no other bot may send.
    func answer(to command: String, of user: Int, by bot: String) async throws -> String {
        let update: JSONValue = [
            "update_id": .integer(1),
            "message": [
                "text": .string(command), "from": ["id": .integer(Int64(user))],
                "chat": ["id": .integer(Int64(user)), "type": "private"],
            ],
        ]
        _ = try await conversation.answer(update.bytes, from: "telegram:\(bot)")
        let heard = telegram.heard()
        #expect(heard.map(\.bot) == [Self.number(bot)])
        return heard.first?.text ?? ""
    }

    /// The notice to customers, which only the bot of their payment may send.
    func notices(by bot: String) async throws -> String {
        try await conversation.tellCustomers(at: clock.now())
        let heard = telegram.heard()
        #expect(heard.map(\.bot) == [Self.number(bot)])
        return heard.first?.text ?? ""
    }
}
