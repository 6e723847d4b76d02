package import Ledger
package import Money
package import Payments
package import Providers
package import Records
package import Seams
package import Storage

/// The use cases of the gateway, and the only writer of the ledger.
///
/// Each use case is one method in a file of its own. What it changes, what it books and what it announces are one unit
/// of work in the database; nothing external happens inside a unit of work.
package struct Settlement: Sendable {
    /// The database of the books and all other records.
    package let database: any Database
    /// The providers that move the money.
    package let providers: ProviderRegistry
    /// The assets that are known.
    package let assets: AssetRegistry
    /// The accounts that may be booked on.
    package let chart: ChartOfAccounts
    /// Which rails goods may be paid on.
    package let policy: RailPolicy
    /// Limits on the network's fee of a transfer.
    package let limits: PayoutLimits
    /// The rates between assets.
    package let rates: any RateSource
    /// The price of a Star in money; nil when none is configured.
    package let stars: StarPrices?
    /// The clock.
    package let clock: any WallClock
    /// Where identifiers come from.
    package let identifiers: IdentifierSource
    /// The tenant that runs the gateway; it is told of everything without a merchant.
    package let operatorMerchant: MerchantID
    /// Seals the personal data of customers.
    package let personalData: PersonalDataSeal
    /// Asks a merchant whether an order's goods are in stock: after all other checks, before a customer's money is
    /// taken.
    package let stock: StockCheck
    /// The gateway's public URL.
    package let address: PublicAddress
    /// Whether the money is real.
    package let isLive: Bool
    /// The conditions of the gateway at the moment.
    package let conditions: Conditions
    /// How the gateway's duties stand.
    package let duties = DutyBoard()
    /// Where a simulated run may fail.
    package let faults: FaultInjector
    /// When this settlement began.
    let began: Timestamp
    let storage: StorageWatch
    let books: MerchantBooks
    let texts = InvoiceTexts()
    let lanes = LaneWindows()
    let unsendable = UnsendableRequests()

    /// A settlement over the given parts.
    package init(
        database: any Database,
        providers: ProviderRegistry,
        assets: AssetRegistry,
        chart: ChartOfAccounts,
        policy: RailPolicy,
        limits: PayoutLimits = PayoutLimits(),
        rates: any RateSource,
        stars: StarPrices? = nil,
        clock: any WallClock,
        identifiers: IdentifierSource,
        operatorMerchant: MerchantID,
        personalData: PersonalDataSeal,
        stock: @escaping StockCheck = { _, _ in .unknown },
        address: PublicAddress = PublicAddress(),
        isLive: Bool = false,
        faults: FaultInjector = .none
    ) {
        let conditions = Conditions()
        storage = StorageWatch(database, conditions: conditions, clock: clock)
        self.database = WatchedDatabase(base: database, watch: storage)
        books = MerchantBooks(database)
        self.providers = providers
        self.assets = assets
        self.chart = chart
        self.policy = policy
        self.limits = limits
        self.rates = rates
        self.stars = stars
        self.clock = clock
        began = clock.now()
        self.identifiers = identifiers
        self.operatorMerchant = operatorMerchant
        self.personalData = personalData
        self.stock = stock
        self.address = address
        self.isLive = isLive
        self.faults = faults
        self.conditions = conditions
    }

    /// The JSON that merchants read.
    package var representation: Representation { Representation(assets: assets, address: address, isLive: isLive) }

    /// The customers' name for the network of a provider; nil where nobody chooses one.
    package func networkName(of provider: String) -> String? { providers.provider(provider)?.networkName }

    func asset(_ id: AssetID) throws(SettlementError) -> Asset {
        guard let asset = assets.asset(id) else {
            throw SettlementError(.unknownAsset, "\(id) is not in the asset list")
        }
        return asset
    }

    func provider(_ key: String) throws(SettlementError) -> any PaymentProvider {
        guard let provider = providers.provider(key) else {
            throw SettlementError(.unavailable, "the provider is not configured any more")
        }
        return provider
    }
}

/// Asks a merchant's endpoint whether goods are in stock; an answer that takes longer than the rail waits is a refusal.
package typealias StockCheck = @Sendable (EventRecord, WebhookEndpointRecord) async -> StockAnswer

extension Settlement {
    /// A unit of work that changes the data of one merchant; on a database that several gateways share, units of work
    /// in other merchants' books run beside it.
    ///
    /// Without a merchant it may change everything, and runs alone.
    func write<Value: Sendable>(
        for merchant: MerchantID?,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: books.scope(of: merchant), body)
    }

    /// A unit of work that changes only data that all merchants share, or that has no merchant.
    package func writeShared<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write(in: .book(.operators), body)
    }

    /// A unit of work that fails when the given lease is not held any more.
    func write<Value: Sendable>(
        under lease: Lease?,
        _ body: @escaping @Sendable (any SQLSession) throws -> Value
    ) async throws -> Value {
        try await database.write { session in
            if let lease { try session.require(lease) }
            return try body(session)
        }
    }
}
