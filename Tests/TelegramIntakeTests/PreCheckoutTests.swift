import CPowerCut
import Cryptography
import HTTPMessages
import HTTPServer
import HTTPTransport
import Logging
import Money
import Payments
import PowerCut
import Providers
import Records
import Seams
import Settlement
import SettlementDesk
import Storage
import StorageSQLite
import StrictJSON
import Synchronization
import TelegramIntake
import Testing
import Webhooks

/// A database that never answers.
private struct StalledDatabase: Database {
    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        for await _ in AsyncStream<Void>.makeStream().stream {}
        throw StorageError(.unavailable, "the disk is gone")
    }

    func write<Value: Sendable>(
        in scope: WriteScope,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await read(body)
    }

    func durability() async throws -> String { try await read { _ in "" } }

    var isShared: Bool { false }
    var isReplaced: Bool { false }
    var commitCount: Int? { nil }
    func calls(for work: StoredWork) -> AsyncStream<Void> { AsyncStream { $0.finish() } }
    func statedTime() async throws -> Timestamp? { nil }

    func close() async throws {}
}

/// A provider that asks about one order, and remembers the answer.
private final class AskingProvider: PaymentProvider, PushReceiving {
    let question: ApprovalRequest
    let asset: AssetID
    let decisions = Mutex<[ApprovalDecision]>([])

    init(reference: PaymentReference, payer: String, amount: Amount) {
        question = ApprovalRequest(id: "q", reference: reference, payer: payer, topic: .payment(amount: amount))
        asset = amount.asset
    }

    let key = "scripted"
    let rail = Rail.telegramFiat
    let source = "telegram:shop"
    var accountNames: [String] { [key] }
    var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .invoiceLink,
            assets: [asset],
            takesPartialPayments: false,
            refunds: .elsewhere,
            paysOut: false,
            isTestNetwork: true
        )
    }
    var push: (any PushReceiving)? { self }
    var scan: (any TransferScanning)? { nil }
    var send: (any TransferSending)? { nil }
    var state: (any BalanceStating)? { nil }

    func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        throw ProviderError(.unsupported, "nothing is opened here")
    }

    func interpret(_ message: [UInt8]) throws(ProviderError) -> [PushedMessage] { [.question(question)] }

    func answer(_ question: ApprovalRequest, with decision: ApprovalDecision) async throws(ProviderError) {
        decisions.withLock { $0.append(decision) }
    }
}

@Suite("Pre-checkout")
struct PreCheckoutTests {
    private func receiver(_ settlement: Settlement) -> TelegramReceiver {
        TelegramReceiver(
            settlement: settlement,
            webhookSecret: { _ in nil },
            decided: { _, _ in },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wake: {}
        )
    }

    private func settlement(
        _ desk: Desk,
        _ provider: AskingProvider,
        database: (any Database)? = nil,
        stock: @escaping StockCheck = { _, _ in .unknown }
    ) throws -> Settlement {
        Settlement(
            database: database ?? desk.settlement.database,
            providers: try ProviderRegistry([provider]),
            assets: desk.settlement.assets,
            chart: desk.settlement.chart,
            policy: desk.settlement.policy,
            rates: desk.settlement.rates,
            clock: desk.clock,
            identifiers: desk.settlement.identifiers,
            operatorMerchant: desk.settlement.operatorMerchant,
            personalData: desk.settlement.personalData,
            stock: stock
        )
    }

    private static let update = Array(#"{"update_id": 1, "pre_checkout_query": {}}"#.utf8)

    @Test("is refused within three seconds when the database stalls, instead of staying unanswered")
    func stalledDatabase() async throws {
        let desk = try await Desk()
        let provider = AskingProvider(
            reference: PaymentReference(scope: "s", value: "v"),
            payer: "1",
            amount: try desk.amount("1")
        )
        let receiver = receiver(try settlement(desk, provider, database: StalledDatabase()))
        async let response = receiver.receive(Self.update, bot: "shop")
        while desk.clock.sleeperCount == 0 { await Task.yield() }
        desk.clock.advance(by: .seconds(3))
        #expect(try await response.status == 200)
        let decisions = provider.decisions.withLock { $0 }
        #expect(decisions.count == 1)
        guard case .refused(let message) = decisions.first else {
            Issue.record("it was not refused")
            return
        }
        #expect(message.contains("try again"))
    }

    /// Faults that keep a database from storing, while it still answers readings.
    private static let faults: [(what: String, fault: Int)] = [
        ("the disk is full", POWERCUT_FULL), ("the disk hangs", POWERCUT_STALLED),
    ]

    @Test("is refused, and the gateway is not ready, while nothing can be stored", arguments: faults.map(\.what))
    func nothingStored(what: String) async throws {
        let fault = Int32(try #require(Self.faults.first { $0.what == what }).fault)
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        try await desk.settlement.database.close()
        let log = try OperationLog(file: desk.place + ".log")
        #expect(powercut_watch(desk.place, log.pointer) == 0)
        let provider = AskingProvider(
            reference: ScriptedProvider.reference(opened.options[0].id),
            payer: "1",
            amount: try desk.amount("1.5")
        )
        let settlement = try settlement(desk, provider, database: SQLiteDatabase(path: desk.place))
        let receiver = receiver(settlement)

        powercut_fail(desk.place, fault)
        // A unit of work that writes nothing still succeeds, and proves nothing.
        try await settlement.database.write { _ in }
        async let refused = receiver.receive(Self.update, bot: "shop")
        if what == "the disk hangs" {
            // Two sleepers: the trial, and the decision, which may take longer.
            while desk.clock.sleeperCount < 2 { await Task.yield() }
            desk.clock.advance(by: .seconds(2))
        }
        _ = try await refused
        guard case .refused(let message) = provider.decisions.withLock({ $0.first }) else {
            Issue.record("it was not refused")
            return
        }
        #expect(message.contains("try again"))
        let raised = settlement.conditions.all
        #expect(raised.map(\.name) == ["storage"] && raised.first?.severity == .blocking)

        powercut_fail(desk.place, Int32(POWERCUT_SOUND))
        // The hanging write has ended once another unit is stored.
        try await settlement.database.write { _ in }
        #expect(await settlement.isStoring())
        #expect(settlement.conditions.all.isEmpty)
        _ = try await receiver.receive(Self.update, bot: "shop")
        #expect(provider.decisions.withLock { $0.last } == .approved)
        try await settlement.database.close()
    }

    /// Answers of the merchant's server, and the decisions.
    private static let answers: [(amount: String, status: Int, questions: Int, decision: ApprovalDecision)] = [
        ("1.5", 204, 1, .approved),
        ("1.5", 409, 1, .refused(message: "This item is sold out.")),
        (
            "1.5", 500, 1,
            .refused(message: "The payment cannot be checked at the moment. Please try again in a minute.")
        ),
        ("1.4", 204, 0, .refused(message: "The price of this order has changed. Please open a new one.")),
    ]

    @Test(
        "asks the merchant's server about the stock, unless the payment is refused anyway",
        arguments: answers
    )
    func stock(amount: String, status: Int, questions: Int, decision: ApprovalDecision) async throws {
        let desk = try await Desk()
        let shop = try await Shop(status: status)
        let opened = try await desk.openInvoice()
        let provider = AskingProvider(
            reference: ScriptedProvider.reference(opened.options[0].id),
            payer: "1",
            amount: try desk.amount(amount)
        )
        try await desk.settlement.database.write {
            try $0.insert(shop.endpoint(of: desk.merchant, at: desk.clock.now()))
        }
        let settlement = try settlement(desk, provider, stock: shop.inquiry(clock: desk.clock))
        _ = try await receiver(settlement).receive(Self.update, bot: "shop")
        #expect(provider.decisions.withLock { $0 } == [decision])
        let requests = shop.requests
        #expect(requests.count == questions)
        for request in requests {
            try StandardWebhook.verify(
                request.fields,
                body: request.body,
                by: .secret(shop.secret),
                now: desk.clock.now()
            )
            let question = try JSONValue(parsing: request.body)
            #expect(question["type"] == "stock.question")
            #expect(question["data"]?["id"] == .string(opened.invoice.id.text))
        }
        await shop.stop()
    }

    @Test("asks no server that takes events only, or was switched off", arguments: [true, false])
    func noQuestion(takesEvents: Bool) async throws {
        let desk = try await Desk()
        let shop = try await Shop(status: 409)
        let opened = try await desk.openInvoice()
        let provider = AskingProvider(
            reference: ScriptedProvider.reference(opened.options[0].id),
            payer: "1",
            amount: try desk.amount("1.5")
        )
        var endpoint = try shop.endpoint(of: desk.merchant, at: desk.clock.now(), types: takesEvents ? [] : nil)
        endpoint.disabledAt = takesEvents ? nil : desk.clock.now()
        try await desk.settlement.database.write { [endpoint] session in
            var switched = endpoint
            try session.insert(switched)
            try session.update(&switched)
        }
        let settlement = try settlement(desk, provider, stock: shop.inquiry(clock: desk.clock))
        _ = try await receiver(settlement).receive(Self.update, bot: "shop")
        #expect(provider.decisions.withLock { $0 } == [.approved])
        #expect(shop.requests.isEmpty)
        await shop.stop()
    }
}

/// A merchant's server on loopback that answers every question in one way.
private struct Shop {
    private final class Box: Sendable {
        let requests = Mutex<[HTTPRequest]>([])
    }

    let secret = StandardWebhook.Secret(random: SeededRandom(seed: 3))
    private let secrets = EndpointSecrets(
        key: SecretBytes([UInt8](repeating: 1, count: 32)),
        random: SeededRandom(seed: 1)
    )
    private let box = Box()
    private let server: HTTPServer

    init(status: Int) async throws {
        server = try await HTTPServer.start(
            HTTPServer.Configuration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            handler: HTTPServer.Handler { [box] request in
                box.requests.withLock { $0.append(request) }
                return HTTPResponse(status: status)
            }
        )
    }

    var requests: [HTTPRequest] { box.requests.withLock { $0 } }

    func endpoint(of merchant: MerchantID, at now: Timestamp, types: [String]? = nil) throws -> WebhookEndpointRecord {
        let id = WebhookEndpointID(value: 1)
        return WebhookEndpointRecord(
            id: id,
            merchant: merchant,
            url: server.url + "/stock",
            sealedSecret: try secrets.seal(secret, of: id),
            types: types ?? [WebhookEndpointRecord.stockQuestion],
            createdAt: now
        )
    }

    func inquiry(clock: any WallClock) -> StockCheck {
        let inquiry = StockInquiry(
            transport: CurlTransport(.init(addresses: .any, httpsOnly: false)),
            secrets: secrets,
            clock: clock,
            // Long enough for a busy machine.
            patience: .seconds(60)
        )
        return { await inquiry.ask($0, at: $1) }
    }

    func stop() async { await server.stop() }
}
