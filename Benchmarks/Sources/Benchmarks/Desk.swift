import Cryptography
import Foundation
import Ledger
import Money
import Payments
import Providers
import Records
import Seams
import Settlement
import Storage
import StorageSQLite

/// A settlement over a database in a folder of its own, with a provider that does nothing.
struct Desk {
    struct Silent: PaymentProvider {
        let asset: AssetID
        var key: String { Desk.provider }
        var rail: Rail { .ton }
        var accountNames: [String] { [key] }
        var capabilities: ProviderCapabilities {
            ProviderCapabilities(
                opening: .depositInstruction,
                assets: [asset],
                takesPartialPayments: true,
                refunds: .partial,
                paysOut: false,
                isTestNetwork: true
            )
        }
        var push: (any PushReceiving)? { nil }
        var scan: (any TransferScanning)? { nil }
        var send: (any TransferSending)? { nil }
        var state: (any BalanceStating)? { nil }

        func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
            OpenedOption(
                instruction: .deposit(address: "a", comment: request.option.text, link: "l"),
                reference: PaymentReference(scope: "bench", value: request.option.text)
            )
        }
    }

    struct NoRates: RateSource {
        func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            throw MoneyError(.noRate, "no rates")
        }
    }

    let folder: String
    let settlement: Settlement
    /// The key of its provider.
    static let provider = "bench"
    let provider: Silent
    let merchants: [MerchantID]
    let price: Amount

    /// A desk over an SQLite file of its own, or over another database, on which several may work.
    init(merchants count: Int, on shared: (any Database)? = nil, node: UInt64 = 1) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let coin = Asset(id: try AssetID("ton:testnet:native"), code: "TON", name: "", scale: 9, displayNames: [])
        provider = Silent(asset: coin.id)
        price = try coin.amount("1.5")
        let accounts: [(String, ChartAccount.Scope)] = [
            ("provider_receivable", .provider), ("merchant_balance", .merchant), ("fee_income", .gateway),
            ("suspense", .provider), ("repeated_payments", .merchant),
        ]
        let clock = SystemClock()
        settlement = Settlement(
            database: try shared ?? SQLiteDatabase(path: folder + "/bench.sqlite"),
            providers: try ProviderRegistry([provider]),
            assets: try AssetRegistry([coin]),
            chart: try ChartOfAccounts(
                accounts.map { ChartAccount(code: $0.0, title: "", kind: .liability, scope: $0.1, description: "") }
            ),
            policy: RailPolicy(rules: [
                .init(name: "all", goods: Invoice.Goods.allCases, place: .telegram, rails: [.ton], reason: "bench")
            ]),
            rates: NoRates(),
            clock: clock,
            identifiers: IdentifierSource(clock: clock, random: SeededRandom(seed: node)),
            operatorMerchant: MerchantID(value: 0),
            personalData: PersonalDataSeal(
                key: SecretBytes([UInt8](repeating: 3, count: 32)),
                random: SeededRandom(seed: 3)
            )
        )
        merchants = (1...count).map { MerchantID(value: UInt128($0)) }
        let (all, now) = (merchants, clock.now())
        try await settlement.database.write { session in
            func add(_ id: MerchantID, _ insert: (MerchantRecord) throws -> Void) throws {
                guard try session.merchant(id) == nil else { return }
                try insert(MerchantRecord(id: id, name: "m", feeBasisPoints: 100, createdAt: now))
            }
            try add(MerchantID(value: 0)) { try session.insertOperator($0) }
            for id in all { try add(id) { try session.insert($0) } }
        }
    }

    /// Invoices that can be paid, many in one unit of work.
    func openInvoices(_ count: Int) async throws -> [PaymentReference] {
        var references: [PaymentReference] = []
        let now = settlement.clock.now()
        for start in stride(from: 0, to: count, by: 1_000) {
            var made: [(Invoice, PaymentOption)] = []
            for number in start..<min(start + 1_000, count) {
                let id: InvoiceID = settlement.identifiers.next()
                let option: PaymentOptionID = settlement.identifiers.next()
                let reference = PaymentReference(scope: "bench", value: option.text)
                let invoice = Invoice(
                    id: id,
                    merchant: merchants[number % merchants.count],
                    reference: nil,
                    title: "t",
                    summary: "s",
                    goods: .physical,
                    price: price,
                    createdAt: now,
                    expiresAt: now.advanced(by: .seconds(86_400)),
                    monitoredUntil: now.advanced(by: .seconds(172_800)),
                    status: InvoiceStateMachine(price: price, threshold: price, received: .zero(price.asset))
                )
                made.append(
                    (
                        invoice,
                        PaymentOption(
                            id: option,
                            invoice: id,
                            rail: .ton,
                            provider: provider.key,
                            due: price,
                            price: price,
                            quote: nil,
                            instruction: .deposit(address: "a", comment: nil, link: "l"),
                            reference: reference
                        )
                    )
                )
                references.append(reference)
            }
            let batch = made
            try await settlement.database.write { session in
                for (invoice, option) in batch {
                    try session.insert(invoice)
                    try session.insert(option, of: invoice.merchant)
                }
            }
        }
        return references
    }

    func credit(_ reference: PaymentReference, number: Int) async throws {
        let now = settlement.clock.now()
        let transfer = IncomingTransfer(
            naturalKey: NaturalKey("bench", "\(number)", reference.value),
            reference: reference,
            amount: price,
            payer: "p",
            refundTarget: "p",
            evidence: "{}",
            occurredAt: now,
            availableAt: now
        )
        _ = try await settlement.record(.incoming(transfer), at: provider)
    }

    func close() async {
        try? await settlement.database.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
