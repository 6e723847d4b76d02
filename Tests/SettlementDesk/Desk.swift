import Cryptography
package import DatabaseEngines
import Ledger
package import Money
package import Payments
package import Providers
import Records
package import Seams
package import Settlement
package import Storage

/// A settlement over a real database, a scripted provider and a clock that stands still.
package struct Desk {
    package struct NoRates: RateSource {
        package init() {}

        package func rate(_ base: AssetID, in quote: AssetID, at now: Timestamp) throws(MoneyError) -> Quote {
            throw MoneyError(.noRate, "there are no rates here")
        }
    }

    package struct Crash: Error, Equatable {
        package init() {}
    }

    package let clock = ManualClock(Timestamp(seconds: 1_000_000))
    package let provider: ScriptedProvider
    package let merchant = MerchantID(value: 7)
    package let coin: Asset
    package let place: String
    package private(set) var settlement: Settlement
    private let engine: Engine

    package init(
        on engine: Engine = .sqlite,
        provider make: (AssetID) -> ScriptedProvider = { ScriptedProvider(asset: $0) },
        rates: any RateSource = NoRates(),
        stars: StarPrices? = nil,
        faults: FaultInjector = .none,
        feeBasisPoints: Int = 100
    ) async throws {
        self.engine = engine
        place = try engine.place()
        coin = Asset(id: try AssetID("ton:testnet:native"), code: "TON", name: "", scale: 9, displayNames: [])
        provider = make(coin.id)
        settlement = try Self.settlement(
            engine.open(place),
            [provider],
            coin,
            clock,
            faults,
            rates: rates,
            stars: stars
        )
        let (merchant, now) = (merchant, clock.now())
        try await settlement.database.write { session in
            let operators = MerchantID(value: 0)
            try session.insert(
                MerchantRecord(id: merchant, name: "m", feeBasisPoints: feeBasisPoints, createdAt: now)
            )
            try session.insertOperator(
                MerchantRecord(id: operators, name: "o", feeBasisPoints: feeBasisPoints, createdAt: now)
            )
        }
    }

    /// Adds the operator, and a merchant with an opening balance.
    package static func open(
        _ merchant: MerchantID,
        with total: Amount,
        at provider: String,
        in session: any SQLSession,
        now: Timestamp
    ) throws {
        let operators = MerchantID(value: 0)
        try session.insert(MerchantRecord(id: merchant, name: "m", feeBasisPoints: 0, createdAt: now))
        try session.insertOperator(MerchantRecord(id: operators, name: "o", feeBasisPoints: 0, createdAt: now))
        try LedgerWriter(session).post(
            LedgerTransaction(
                id: Identifier(value: 1),
                kind: .movement,
                subject: LedgerSubject(.movement, "opening"),
                origin: LedgerOrigin(merchant: merchant.text),
                occurredAt: now,
                postedAt: now,
                postings: [
                    Posting(account: AccountID(text: "provider_receivable/\(provider)"), amount: total),
                    Posting(account: AccountID(text: "merchant_balance/\(merchant.text)"), amount: total.negated()),
                ]
            )
        )
    }

    /// A settlement over any providers of the coin.
    package static func settlement(
        _ database: any Database,
        _ providers: [any PaymentProvider],
        _ coin: Asset,
        _ clock: any WallClock,
        _ faults: FaultInjector,
        rates: any RateSource = NoRates(),
        stars: StarPrices? = nil,
        policy: RailPolicy? = nil,
        seed: UInt64 = 1
    ) throws -> Settlement {
        let codes: [(String, ChartAccount.Scope)] = [
            ("provider_receivable", .provider), ("customer_clearing", .merchant), ("merchant_balance", .merchant),
            ("refunds_payable", .merchant), ("payouts_payable", .merchant), ("underpayments", .merchant),
            ("overpayments", .merchant), ("late_payments", .merchant), ("repeated_payments", .merchant),
            ("wrong_asset", .merchant), ("suspense", .provider), ("cold_storage", .provider), ("fee_income", .gateway),
            ("network_fees", .gateway),
            ("own_funds", .gateway), ("provider_losses", .gateway),
        ]
        return Settlement(
            database: database,
            providers: try ProviderRegistry(providers),
            assets: try AssetRegistry([
                coin, Asset(id: .stars, code: "XTR", name: "", scale: 9, wireScale: 0, displayNames: []),
            ]),
            chart: try ChartOfAccounts(
                codes.map { ChartAccount(code: $0.0, title: "", kind: .liability, scope: $0.1, description: "") }
            ),
            policy: policy
                ?? RailPolicy(rules: [
                    .init(
                        name: "all",
                        goods: Invoice.Goods.allCases,
                        place: .telegram,
                        rails: Rail.allCases,
                        reason: "test"
                    )
                ]),
            rates: rates,
            stars: stars,
            clock: clock,
            identifiers: IdentifierSource(clock: clock, random: SeededRandom(seed: seed)),
            operatorMerchant: MerchantID(value: 0),
            personalData: PersonalDataSeal(
                key: SecretBytes([UInt8](repeating: 3, count: 32)),
                random: SeededRandom(seed: 3)
            ),
            faults: faults
        )
    }

    /// Restarts the process after a crash, without faults.
    package mutating func restart() async throws {
        try await settlement.database.close()
        settlement = try Self.settlement(engine.open(place), [provider], coin, clock, .none)
    }

    package func amount(_ text: String) throws -> Amount { try coin.amount(text, allowingNegative: true) }

    package func openInvoice(
        _ price: String = "1.5",
        id: InvoiceID = InvoiceID(value: 1)
    ) async throws -> InvoiceWithOptions {
        let request = InvoiceRequest(
            title: "Tea",
            summary: "Tea",
            goods: .physical,
            price: try amount(price),
            lifetime: .seconds(600)
        )
        return try await settlement.openInvoice(request, for: merchant, id: id)
    }

    package func transfer(
        _ amount: Amount,
        for option: PaymentOptionID?,
        number: Int = 1,
        late: Duration = .zero,
        payer: String = "payer"
    ) -> IncomingTransfer {
        IncomingTransfer(
            naturalKey: NaturalKey("test", "\(number)"),
            reference: option.map(ScriptedProvider.reference),
            amount: amount,
            payer: payer,
            refundTarget: payer,
            evidence: "{}",
            occurredAt: clock.now().advanced(by: late),
            availableAt: clock.now()
        )
    }

    /// Opens an invoice and has it paid.
    package func openPaid(_ amount: String = "1.5") async throws -> (invoice: InvoiceWithOptions, by: IncomingTransfer)
    {
        let opened = try await openInvoice()
        let transfer = transfer(try self.amount(amount), for: opened.options[0].id)
        try await receive(transfer)
        return (opened, transfer)
    }

    @discardableResult
    package func receive(_ transfer: IncomingTransfer) async throws -> RecordedObservation {
        try await settlement.record(.incoming(transfer), at: provider)
    }

    package func held(_ code: String) async throws -> String {
        let balances = try await settlement.database.read { try $0.balances(code: AccountCode(code)) }
        return try coin.text(Amount.sum(balances.map(\.amount), asset: coin.id).negated())
    }

    /// Whether the books balance, the seals hold and every balance is what its postings say.
    package func booksHold() async throws -> Bool {
        try await settlement.database.read { session in
            try session.trialBalance().isBalanced && settlement.audit(in: session).isEmpty
        }
    }
}
