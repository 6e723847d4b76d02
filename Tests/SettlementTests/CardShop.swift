import Cryptography
import DatabaseEngines
import HTTPMessages
import Ledger
import Money
import Payments
import ProviderTelegram
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StrictJSON
import Synchronization
import TelegramBot
import Testing

/// A shop whose bot takes cards and Stars, fed with Telegram's own words.
struct CardShop {
    /// A Telegram that makes every link, with one line in its Star account when that answers.
    final class Links: HTTPTransport {
        let hasStarAccount = Mutex(false)

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            guard request.url.hasSuffix("getStarTransactions") else {
                return HTTPResponse(status: 200, body: Array(#"{"ok":true,"result":"https://t.me/$x"}"#.utf8))
            }
            guard hasStarAccount.withLock({ $0 }) else { return HTTPResponse(status: 503) }
            let isFirst = (try? JSONValue(parsing: request.body))?["offset"]?.integerValue == 0
            let line = #"{"id":"top-up","date":1,"amount":1,"source":{"type":"other"}}"#
            let text = #"{"ok":true,"result":{"transactions":[\#(isFirst ? line : "")]}}"#
            return HTTPResponse(status: 200, body: Array(text.utf8))
        }
    }

    /// A customer's payment, as Telegram asks about it and reports it.
    struct Pay {
        var option: PaymentOption
        var units: Int64
        var shipping: String?
        var user: Int64 = 777
        var charge = "charge"
        var message: Int64 = 1
        /// The time of the payment; nil for now.
        var date: Timestamp?
        /// The end of the period that it pays of a subscription.
        var paidUntil: Timestamp?
    }

    let telegram = Links()
    let desk: Desk
    let settlement: Settlement
    let currency: Asset
    let cards: TelegramFiatProvider
    let stars: TelegramStarsProvider

    /// A shop that takes cards in a currency with `scale` fraction digits; ways of shipping cost smallest units.
    init(
        _ code: String = "EUR",
        scale: Int = 2,
        shipping: [String: Int64] = [:],
        on engine: Engine = .sqlite
    ) async throws {
        desk = try await Desk(on: engine, feeBasisPoints: 0)
        currency = Asset(id: try AssetID.fiat(code), code: code, name: code, scale: scale, displayNames: [])
        let star = Asset(id: .stars, code: "XTR", name: "", scale: 9, wireScale: 0, displayNames: [])
        let assets = try AssetRegistry([currency, star, desk.coin])
        let channel = TelegramChannel(
            key: "shop",
            client: BotClient(
                transport: telegram,
                baseURL: "https://api.telegram.org",
                token: SecretBytes(Array("1:A".utf8)),
                isTestEnvironment: true
            ),
            assets: assets,
            isTestEnvironment: true,
            clock: desk.clock
        )
        let entry: JSONValue = ["exp": .integer(Int64(scale)), "min_amount": "1", "max_amount": "9007199254740991"]
        let table = try CurrencyTable(parsing: JSONValue.object([.init(code, entry)]).bytes, asOf: "2026-11-28")
        let asset = currency
        cards = TelegramFiatProvider(
            channel: channel,
            providerToken: SecretBytes(Array("2:TEST".utf8)),
            currencies: [asset.id],
            table: TelegramCurrencies(assets: assets, kept: table),
            shipping: shipping.sorted { $0.key < $1.key }.map { id, units in
                ShippingOption(id: id, title: id, price: Amount(asset: asset.id, units: Int256(units)))
            }
        )
        stars = TelegramStarsProvider(channel: channel)
        settlement = Settlement(
            database: desk.settlement.database,
            providers: try ProviderRegistry([cards, stars]),
            assets: assets,
            chart: desk.settlement.chart,
            policy: desk.settlement.policy,
            rates: desk.settlement.rates,
            clock: desk.clock,
            identifiers: desk.settlement.identifiers,
            operatorMerchant: desk.settlement.operatorMerchant,
            personalData: desk.settlement.personalData,
            stock: { _, _ in .available }
        )
    }

    /// An amount in smallest units.
    func money(_ units: Int64) -> Amount { Amount(asset: currency.id, units: Int256(units)) }

    /// Opens an order by card, or in Stars.
    func open(
        _ units: Int64,
        _ settings: Labels = [:],
        payer: Int64? = nil,
        inStars: Bool = false
    ) async throws -> PaymentOption {
        let star = try #require(settlement.assets.asset(.stars))
        let request = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: inStars ? .digital : .physical,
            price: inStars ? try star.amount(wireUnits: Int256(units)) : money(units),
            choices: [
                .init(
                    rail: inStars ? .telegramStars : .telegramFiat,
                    asset: inStars ? .stars : currency.id,
                    settings: settings
                )
            ],
            lifetime: .seconds(600),
            payer: payer
        )
        let id: InvoiceID = settlement.identifiers.next()
        return try #require(try await settlement.openInvoice(request, for: desk.merchant, id: id).options.first)
    }

    // MARK: - Telegram's messages

    private func provider(of pay: Pay) -> any PaymentProvider & PushReceiving {
        pay.option.provider == stars.key ? stars : cards
    }

    private func members(_ pay: Pay) -> [JSONValue.Member] {
        let code = pay.option.provider == stars.key ? "XTR" : currency.code
        let shipping = pay.shipping.map { [JSONValue.Member("shipping_option_id", .string($0))] } ?? []
        return [
            .init("currency", .string(code)), .init("total_amount", .integer(pay.units)),
            .init("invoice_payload", .string(pay.option.reference.value)),
        ] + shipping
    }

    /// Asks before the payment, as Telegram does.
    func ask(_ pay: Pay) async throws -> ApprovalDecision {
        let from: JSONValue = ["id": .integer(pay.user)]
        let update: JSONValue = [
            "update_id": .integer(1),
            "pre_checkout_query": .object([.init("id", "q"), .init("from", from)] + members(pay)),
        ]
        let provider = provider(of: pay)
        guard case .question(let question) = try provider.interpret(update.bytes).first else {
            throw ProviderError(.malformed, "it is no question")
        }
        return await settlement.decide(question, of: provider)
    }

    /// Reports the payment, approved or not.
    @discardableResult
    func pay(_ pay: Pay) async throws -> RecordedObservation { try await tell("successful_payment", pay) }

    /// Reports that money was returned.
    @discardableResult
    func refund(_ pay: Pay) async throws -> RecordedObservation { try await tell("refunded_payment", pay) }

    private func tell(_ what: String, _ pay: Pay) async throws -> RecordedObservation {
        let provider = provider(of: pay)
        return try await settlement.record(try observation(of: what, pay), at: provider)
    }

    /// Telegram's message about a payment or its return.
    private func observation(of what: String, _ pay: Pay) throws -> Observation {
        guard case .observation(let observation) = try provider(of: pay).interpret(message(what, pay)).first else {
            throw ProviderError(.malformed, "it tells of nothing")
        }
        return observation
    }

    /// Telegram's update about a payment or its return.
    func message(_ what: String, _ pay: Pay, numbered number: Int64 = 2) -> [UInt8] {
        var details: [JSONValue.Member] = [
            .init("telegram_payment_charge_id", .string(pay.charge)), .init("provider_payment_charge_id", "p"),
        ]
        if let end = pay.paidUntil { details.append(.init("subscription_expiration_date", .integer(end.seconds))) }
        let message: [JSONValue.Member] = [
            .init("message_id", .integer(pay.message)), .init("chat", ["id": .integer(pay.user)]),
            .init("from", ["id": .integer(pay.user)]), .init("date", .integer((pay.date ?? desk.clock.now()).seconds)),
            .init(what, .object(members(pay) + details)),
        ]
        return (["update_id": .integer(number), "message": .object(message)] as JSONValue).bytes
    }

    // MARK: - The books

    func invoice(_ option: PaymentOption) async throws -> Invoice {
        try #require(try await settlement.database.read { try $0.invoice(option.invoice) })
    }

    func payments(_ option: PaymentOption) async throws -> [Payment] {
        try await settlement.database.read { try $0.payments(of: option.invoice) }
    }

    func refunds(_ payment: Payment) async throws -> [OutgoingTransfer] {
        try await settlement.database.read { try $0.refunds(of: payment.id) }
    }

    func payment(_ option: PaymentOption) async throws -> Payment {
        try #require(try await payments(option).first)
    }

    func openCases() async throws -> [ExceptionCase] {
        try await settlement.database.read { try $0.cases(of: nil, state: .open, in: Page(limit: 10_000)) }
    }

    /// The one case that is open.
    func onlyCase() async throws -> ExceptionCase {
        let open = try await openCases()
        #expect(open.count == 1)
        return try #require(open.first)
    }

    func booksHold() async throws -> Bool { try await desk.booksHold() }

    /// The merchant's balance in the currency of the cards.
    func earned() async throws -> Amount {
        let merchant = desk.merchant
        let (id, account) = (currency.id, AccountID(text: "merchant_balance/\(merchant.text)"))
        return try await settlement.database.read { try $0.balance(account, of: merchant, asset: id).negated() }
    }
}
