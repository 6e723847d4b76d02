import BigInt
import DatabaseEngines
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

/// A refused order leaves no invoice, no event, no taken stock, no subscription and no media.
@Suite("An order that is refused, on each engine", .serialized)
struct RefusedOrderTests {
    /// Why an order is refused.
    enum Refusal: Hashable, CustomTestStringConvertible {
        /// The rail's rules refuse it before the rail is asked.
        case check(ProviderError.Code)
        /// The rail is asked, and refuses or does not answer.
        case open(ProviderError.Code)
        /// An unknown setting.
        case setting
        /// There is no rate.
        case rate
        /// The policy does not allow the rail.
        case policy
        /// No provider serves the rail.
        case unserved
        /// A field is wrong.
        case field(String)
        /// The link is sold out.
        case soldOut

        var testDescription: String { "\(self)" }

        static let all: [Self] =
            ProviderError.Code.allCases.flatMap { [.check($0), .open($0)] }
            + [.setting, .rate, .policy, .unserved, .soldOut]
            + ["title", "description", "amount", "lines", "lifetime", "tolerance", "payer", "return_url", "due"].map {
                .field($0)
            }
    }

    /// The ways to open an order.
    enum Way: CaseIterable {
        case invoice
        case link
        case purchase
        case subscription
        case media
        case renewal

        /// Whether this way can meet the refusal: some have no such field, or need no rate.
        func meets(_ refusal: Refusal) -> Bool {
            switch (self, refusal) {
            case (.link, .open), (.link, .soldOut): false
            case (.invoice, .soldOut): false
            case (.subscription, .check), (.subscription, .open), (.subscription, .field("title")): true
            case (.subscription, .field("payer")), (.subscription, .field("return_url")): true
            case (.subscription, _): false
            case (.media, .open), (.media, .field("title")), (.media, .field("amount")): true
            case (.media, .field("description")): true
            case (.media, _): false
            case (.renewal, .open), (.renewal, .rate): true
            case (.renewal, _): false
            default: true
            }
        }
    }

    /// A rail with every capability that refuses on demand.
    final class Rail: PaymentProvider, SubscriptionKeeping, MediaSelling {
        let key: String
        let rail: Payments.Rail
        let assets: [AssetID]
        let refusal = Mutex<Refusal?>(nil)

        init(_ rail: Payments.Rail, _ assets: [AssetID], key: String = "rail") {
            self.key = key
            self.rail = rail
            self.assets = assets
        }

        var accountNames: [String] { [key] }
        var capabilities: ProviderCapabilities {
            ProviderCapabilities(
                opening: .invoiceLink,
                assets: assets,
                takesPartialPayments: false,
                refunds: .full,
                paysOut: false,
                isTestNetwork: true
            )
        }
        var push: (any PushReceiving)? { nil }
        var scan: (any TransferScanning)? { nil }
        var send: (any TransferSending)? { nil }
        var state: (any BalanceStating)? { nil }
        var subscriptions: (any SubscriptionKeeping)? { self }
        var media: (any MediaSelling)? { self }

        func check(_ request: OpenRequest) throws(ProviderError) {
            if case .check(let code) = refusal.withLock({ $0 }) { throw ProviderError(code, "the rail's rules") }
        }

        func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
            if case .open(let code) = refusal.withLock({ $0 }) { throw ProviderError(code, "the rail says no") }
            return OpenedOption(
                instruction: .deposit(address: "a", comment: nil, link: request.option.text),
                reference: PaymentReference(scope: "test", value: request.option.text),
                accounts: [ScanAccount(account: request.option.text, subject: "coin")]
            )
        }

        func send(_ media: PaidMedia) async -> MediaOutcome {
            if case .open(let code) = refusal.withLock({ $0 }) { return .notSent(ProviderError(code, "it says no")) }
            return .sent(message: 1)
        }

        func setRenewal(of charge: String, to isRenewed: Bool) async throws(ProviderError) {}
    }

    /// A price of a tenth of a coin for a Star, unless it is away.
    private final class Rates: RateSource {
        let isAway = Mutex(false)

        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            guard !isAway.withLock({ $0 }) else { throw MoneyError(.noRate, "nobody says") }
            do {
                let rate = try Rate(
                    base: base,
                    quote: quote,
                    numerator: 1,
                    denominator: 10,
                    source: "test",
                    observedAt: now
                )
                return Quote(rate: rate, validUntil: now.advanced(by: .seconds(60)))
            } catch { throw MoneyError(.noRate, "\(error)") }
        }
    }

    /// A settlement with a merchant, over rails that may all be used for any goods.
    static func settlement(
        _ rails: [Rail],
        on engine: Engine,
        selling coin: AssetID,
        to merchant: MerchantID,
        at clock: ManualClock = ManualClock(Timestamp(seconds: 1_000_000)),
        rates: any RateSource = Desk.NoRates()
    ) async throws -> Settlement {
        let settlement = try Desk.settlement(
            engine.open(),
            rails,
            Asset(id: coin, code: "TON", name: "", scale: 9, displayNames: []),
            clock,
            .none,
            rates: rates,
            policy: RailPolicy(rules: [
                .init(
                    name: "all",
                    goods: Invoice.Goods.allCases,
                    place: .telegram,
                    rails: Payments.Rail.allCases,
                    reason: "test"
                )
            ])
        )
        let now = clock.now()
        try await settlement.database.write { session in
            for id in [merchant, MerchantID(value: 0)] {
                try session.insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 100, createdAt: now))
            }
        }
        return settlement
    }

    /// A gateway with one rail that refuses on demand.
    private struct Shop {
        let engine: Engine
        let rail: Rail
        let rates = Rates()
        let clock = ManualClock(Timestamp(seconds: 1_000_000))
        let merchant = MerchantID(value: 7)
        let coin: AssetID
        let settlement: Settlement

        init(_ kind: Payments.Rail, on engine: Engine) async throws {
            self.engine = engine
            self.coin = try AssetID("ton:testnet:native")
            rail = Rail(kind, [coin, .stars])
            settlement = try await RefusedOrderTests.settlement(
                [rail],
                on: engine,
                selling: coin,
                to: merchant,
                at: clock,
                rates: rates
            )
        }

        func content() async throws -> [String] { try await engine.content(of: settlement.database) }

        /// An order priced in Stars and paid in coins, which needs a rate.
        func order(_ refusal: Refusal?) throws -> InvoiceRequest {
            let price = Amount(asset: .stars, units: Int256(10_000_000_000))
            var choice = InvoiceRequest.Choice(rail: rail.rail, asset: coin)
            switch refusal {
            case .setting: choice = .init(rail: rail.rail, asset: coin, settings: ["color": "red"])
            case .unserved: choice = .init(rail: rail.rail == .ton ? .evm : .ton)
            case .field("due"): choice = .init(rail: rail.rail, asset: coin, amount: .zero(coin))
            default: break
            }
            var order = InvoiceRequest(title: "Tea", summary: "Tea", goods: .physical, price: price, choices: [choice])
            switch refusal {
            case .policy: order.place = .web
            case .field("title"): order.title = ""
            case .field("description"): order.summary = ""
            case .field("amount"): order.price = .zero(.stars)
            case .field("lines"): order.lines = [InvoiceLine(label: "half", amount: .zero(.stars))]
            case .field("lifetime"): order.lifetime = .seconds(1)
            case .field("tolerance"): order.toleranceBasisPoints = 10_001
            case .field("payer"): order.payer = 0
            case .field("return_url"): order.returnURL = "javascript:alert(1)"
            default: break
            }
            return order
        }

        /// Requests an order in one of the ways.
        func ask(_ way: Way, _ refusal: Refusal?, link: PaymentLinkID, renewed: InvoiceID) async throws {
            var order = try order(refusal)
            switch way {
            case .invoice:
                _ = try await settlement.openInvoice(order, for: merchant, id: settlement.identifiers.next())
            case .link:
                let request = LinkRequest(invoice: order, template: "{}", stock: 1)
                _ = try await settlement.makeLink(request, for: merchant, id: settlement.identifiers.next())
            case .purchase:
                order.paymentLink = link
                _ = try await settlement.openInvoice(order, for: merchant, id: settlement.identifiers.next())
            case .subscription:
                var request = SubscriptionRequest(title: order.title, summary: order.summary, price: order.price)
                request.payer = order.payer
                request.returnURL = order.returnURL
                _ = try await settlement.openSubscription(request, for: merchant, id: settlement.identifiers.next())
            case .media:
                let request = MediaRequest(
                    chat: "@shop",
                    title: order.title,
                    summary: order.summary,
                    price: order.price,
                    items: [PaidMedia.Item(kind: .photo, media: "https://shop.example/a.jpg")],
                    metadata: [:]
                )
                _ = try await settlement.sellMedia(request, for: merchant, id: settlement.identifiers.next())
            case .renewal: _ = try await settlement.renewQuotes(of: renewed)
            }
        }

        func link(stock: Int) async throws -> PaymentLinkID {
            let request = LinkRequest(invoice: try order(nil), template: "{}", stock: stock)
            let id: PaymentLinkID = settlement.identifiers.next()
            return try await settlement.makeLink(request, for: merchant, id: id).id
        }
    }

    @Test(
        "leaves nothing behind, for any refusal, on any rail, in any way of opening",
        arguments: Payments.Rail.allCases,
        Engine.allCases
    )
    func nothingIsLeft(of rail: Payments.Rail, engine: Engine) async throws {
        let shop = try await Shop(rail, on: engine)
        let (plenty, none) = (try await shop.link(stock: 5), try await shop.link(stock: 0))
        let renewed: InvoiceID = shop.settlement.identifiers.next()
        _ = try await shop.settlement.openInvoice(try shop.order(nil), for: shop.merchant, id: renewed)
        // The quote of that invoice has ended, so that a renewal would change it.
        shop.clock.advance(by: .seconds(100))
        let before = try await shop.content()
        #expect(before.contains { $0.hasPrefix("invoices: ") })
        for way in Way.allCases {
            for refusal in Refusal.all where way.meets(refusal) {
                shop.rail.refusal.withLock { $0 = refusal }
                shop.rates.isAway.withLock { $0 = refusal == .rate }
                let link = refusal == .soldOut ? none : plenty
                if way == .renewal {
                    try await shop.ask(way, refusal, link: link, renewed: renewed)
                } else {
                    await #expect(throws: SettlementError.self, "\(way), \(refusal)") {
                        try await shop.ask(way, refusal, link: link, renewed: renewed)
                    }
                }
                #expect(try await shop.content() == before, "\(way), \(refusal)")
            }
        }
        // The same orders are opened when nothing refuses them.
        shop.rail.refusal.withLock { $0 = nil }
        shop.rates.isAway.withLock { $0 = false }
        for way in Way.allCases {
            let before = try await shop.content()
            try await shop.ask(way, nil, link: plenty, renewed: renewed)
            #expect(try await shop.content() != before, "\(way)")
        }
    }

    @Test("keeps paid media when it is unknown whether they were sent", arguments: Engine.allCases)
    func unknownMedia(engine: Engine) async throws {
        /// The first answer is lost; then the rail refuses.
        final class Seller: MediaSelling {
            let sent = Mutex(0)

            func send(_ media: PaidMedia) async -> MediaOutcome {
                let number = sent.withLock { sent in
                    sent += 1
                    return sent
                }
                return number == 1
                    ? .unknown(ProviderError(.unavailable, "no answer")) : .notSent(ProviderError(.refused, "no"))
            }
        }
        let shop = try await Shop(.telegramStars, on: engine)
        let id: PaidMediaID = shop.settlement.identifiers.next()
        let (seller, order) = (Seller(), try shop.order(nil))
        let provider = SellingRail(rail: shop.rail, seller: seller)
        try shop.settlement.providers.put(provider, of: nil, isOffered: true)
        let request = MediaRequest(
            chat: "@shop",
            title: order.title,
            summary: order.summary,
            price: order.price,
            items: [PaidMedia.Item(kind: .photo, media: "https://shop.example/a.jpg")],
            metadata: [:]
        )
        for _ in 1...2 {
            await #expect(throws: SettlementError.self) {
                try await shop.settlement.sellMedia(request, for: shop.merchant, id: id)
            }
            #expect(try await shop.settlement.database.read { try $0.paidMedia(id) } != nil)
        }
    }
}

/// A rail that sells media through another one.
private struct SellingRail: PaymentProvider {
    let rail: Payments.Rail
    let key: String
    var accountNames: [String] { [key] }
    let capabilities: ProviderCapabilities
    let media: (any MediaSelling)?
    let push: (any PushReceiving)? = nil
    let scan: (any TransferScanning)? = nil
    let send: (any TransferSending)? = nil
    let state: (any BalanceStating)? = nil

    init(rail: RefusedOrderTests.Rail, seller: any MediaSelling) {
        self.rail = rail.rail
        key = rail.key
        capabilities = rail.capabilities
        media = seller
    }

    func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        throw ProviderError(.unsupported, "nobody pays here")
    }
}
