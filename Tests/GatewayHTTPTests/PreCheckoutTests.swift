import Cryptography
import GatewayHTTP
import HTTPTransport
import Logging
import Money
import Payments
import Providers
import Seams
import Settlement
import SettlementDesk
import Storage
import Synchronization
import Testing

/// A database that takes questions and never answers.
private struct StalledDatabase: Database {
    func read<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        for await _ in AsyncStream<Void>.makeStream().stream {}
        throw StorageError(.unavailable, "the disk is gone")
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (any SQLSession) throws -> Value) async throws -> Value {
        try await read(body)
    }

    var isShared: Bool { false }

    func close() async throws {}
}

/// A provider that asks about one order, and remembers what it was told.
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
            webhookSecrets: [:],
            metrics: Metrics(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wake: {}
        )
    }

    private func settlement(
        _ desk: Desk,
        _ provider: AskingProvider,
        database: (any Database)? = nil,
        stock: @escaping StockCheck = { _ in true }
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
            stock: stock
        )
    }

    private static let update = Array(#"{"update_id": 1, "pre_checkout_query": {}}"#.utf8)

    @Test("is refused within three seconds when the database stalls, instead of left unanswered")
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

    @Test(
        "asks whether the goods are there, and not when the payment is refused anyway",
        arguments: [("1.5", true, 1), ("1.5", false, 1), ("1.4", true, 0)]
    )
    func stock(amount: String, isThere: Bool, asks: Int) async throws {
        let desk = try await Desk()
        let opened = try await desk.openInvoice()
        let provider = AskingProvider(
            reference: ScriptedProvider.reference(opened.options[0].id),
            payer: "1",
            amount: try desk.amount(amount)
        )
        let asked = Mutex(0)
        let settlement = try settlement(desk, provider) { invoice in
            asked.withLock { $0 += 1 }
            return isThere && invoice.id == opened.invoice.id
        }
        _ = try await receiver(settlement).receive(Self.update, bot: "shop")
        #expect(asked.withLock { $0 } == asks)
        let decision = provider.decisions.withLock { $0.first }
        let refusal =
            asks == 0 ? "The price of this order has changed. Please open a new one." : "This item is sold out."
        #expect(decision == (isThere && asks > 0 ? .approved : .refused(message: refusal)))
    }
}
